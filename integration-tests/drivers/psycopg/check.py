"""psycopg 3: the extended protocol, prepared statements that the driver makes by itself, and pipeline mode."""

import os
import sys
import threading
import time

import psycopg

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from report import DATABASE, HOST, OTHERS, PASSWORD, PORT, USER, Report, expect  # noqa: E402

TABLE = f"drivers_psycopg_{os.getpid()}"


def connect(**more):
    options = {"host": HOST, "port": PORT, "dbname": DATABASE, "user": USER, "password": PASSWORD, "connect_timeout": 10,
               "autocommit": True, **more}
    return psycopg.connect(**options)


connection = connect()


def scalar(sql, *parameters, on=None, **options):
    return (on or connection).execute(sql, parameters or None, **options).fetchone()[0]


def wrong_password():
    try:
        connect(password="wrong-" + PASSWORD)
    except psycopg.OperationalError as e:
        assert "authentication failed" in str(e), e
        return
    raise AssertionError("let in")


def query():
    expect(connection.execute("SELECT %s::int + 1, %s::text, NULL::int", (41, "ü")).fetchone(), (42, "ü", None))
    expect(connection.cursor(binary=True).execute("SELECT 1.5::float8, '\\x00ff'::bytea").fetchone(), (1.5, b"\x00\xff"))


def prepared():
    """The driver names its statements _pg3_0, _pg3_1, … in every connection: the same names for different texts."""
    others = [connect() for _ in range(OTHERS)]
    for turn in range(20):
        expect(scalar("SELECT %s::int * 2", turn, prepare=True), turn * 2)
        for number, other in enumerate(others):
            expect(scalar(f"SELECT 'other {number} ' || %s::text", str(turn), on=other, prepare=True), f"other {number} {turn}")
    for other in others:
        other.close()
    expect(scalar("SELECT %s::int * 2", 21, prepare=True), 42)


def pipeline():
    with connect() as c, c.pipeline():
        cursors = [c.execute("SELECT %s::int", (n,)) for n in range(100)]
        expect([cursor.fetchone()[0] for cursor in cursors], list(range(100)))


def pipeline_with_error():
    with connect() as c:
        try:
            with c.pipeline():
                c.execute("SELECT 1")
                c.execute("SELECT 1/0")
                c.execute("SELECT 2")
        except psycopg.errors.DivisionByZero:
            expect(scalar("SELECT 3", on=c), 3)
            return
    raise AssertionError("no error")


def copy_in():
    connection.execute(f"CREATE TABLE {TABLE} (id int PRIMARY KEY, t text)")
    with connection.cursor() as cursor, cursor.copy(f"COPY {TABLE} FROM STDIN") as copy:
        for n in range(1, 1001):
            copy.write_row((n, "row"))
    with connection.cursor() as cursor, cursor.copy(f"COPY {TABLE} FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        for n in range(1001, 2001):
            copy.write_row((n, "row"))
    expect(scalar(f"SELECT sum(id) FROM {TABLE}"), 2001000)


def copy_out():
    with connection.cursor() as cursor, cursor.copy(f"COPY {TABLE} TO STDOUT") as copy:
        expect(sum(1 for _ in copy.rows()), 2000)


def copy_given_up():
    try:
        with connection.cursor() as cursor, cursor.copy(f"COPY {TABLE} FROM STDIN") as copy:
            copy.write_row((5000, "row"))
            raise KeyError("given up")
    except (KeyError, psycopg.errors.QueryCanceled):  # the server confirms the CopyFail by an error
        expect(scalar(f"SELECT count(*) FROM {TABLE} WHERE id = 5000"), 0)


def cancel():
    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    began = time.monotonic()
    try:
        connection.execute("SELECT pg_sleep(20)")
        raise AssertionError("slept through")
    except psycopg.errors.QueryCanceled:
        assert time.monotonic() - began < 10
    timer.join()
    expect(scalar("SELECT 'alive'"), "alive")


def rollback():
    with connect(autocommit=False) as c:
        c.execute(f"DELETE FROM {TABLE}")
        expect(scalar(f"SELECT count(*) FROM {TABLE}", on=c), 0)
        c.rollback()
        expect(scalar(f"SELECT count(*) FROM {TABLE}", on=c), 2000)
        with c.transaction():
            try:
                with c.transaction():  # a savepoint
                    c.execute("SELECT 1/0")
            except psycopg.errors.DivisionByZero:
                pass
            expect(scalar("SELECT 1", on=c), 1)


def large_result():
    rows = connection.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g").fetchall()
    expect((len(rows), sum(row[0] for row in rows)), (100000, 5000050000))


def cursors():
    with connect(autocommit=False) as c, c.cursor(name="c") as cursor:
        cursor.itersize = 777
        cursor.execute("SELECT g FROM generate_series(1, 20000) g")
        expect(sum(row[0] for row in cursor), 200010000)


def error_fields():
    try:
        connection.execute("""DO $$ BEGIN RAISE EXCEPTION USING message='m', detail='d', hint='h', errcode='P0042', schema='s',
            table='t', column='c', datatype='dt', constraint='cn'; END $$""")
    except psycopg.Error as e:
        f = e.diag
        expect((f.message_primary, f.message_detail, f.message_hint, f.sqlstate, f.schema_name, f.table_name, f.column_name,
                f.datatype_name, f.constraint_name, f.severity, f.severity_nonlocalized),
               ("m", "d", "h", "P0042", "s", "t", "c", "dt", "cn", "ERROR", "ERROR"))
        assert f.context and f.source_file and f.source_line and f.source_function
        return
    raise AssertionError("no error")


def notices():
    seen = []
    connection.add_notice_handler(lambda notice: seen.append(notice.message_primary))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$")
    expect(seen, ["one", "two"])


def listen():
    with connect() as listener:
        listener.execute(f"LISTEN {TABLE}")
        threading.Timer(0.3, lambda: connection.execute(f"NOTIFY {TABLE}, 'news'")).start()
        expect(next(iter(listener.notifies())).payload, "news")  # while the listener is idle


report = Report("psycopg")
report.check("connect with SCRAM", lambda: expect(scalar("SELECT 1"), 1))
report.check("wrong password is refused", wrong_password)
report.check("query", query)
report.check("prepared statements beside others of the same name", prepared)
report.check("pipeline", pipeline)
report.check("pipeline with an error", pipeline_with_error)
report.check("COPY in, text and binary", copy_in)
report.check("COPY out", copy_out)
report.check("COPY given up by the client", copy_given_up)
report.check("cancel", cancel)
report.check("rollback and savepoint", rollback)
report.check("large result", large_result)
report.check("named cursor", cursors)
report.check("error with all its fields", error_fields)
report.check("notices", notices)
report.check("LISTEN and NOTIFY", listen)
connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
report.exit()
