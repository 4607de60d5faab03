"""psycopg2: the simple protocol with implicit transactions, as most Python programs still use it."""

import io
import os
import select
import sys
import threading
import time

import psycopg2
import psycopg2.errors
from psycopg2.extras import execute_values

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from report import DATABASE, HOST, OTHERS, PASSWORD, PORT, USER, Report, expect  # noqa: E402

TABLE = f"drivers_psycopg2_{os.getpid()}"


def connect(autocommit=True, **more):
    options = {"host": HOST, "port": PORT, "dbname": DATABASE, "user": USER, "password": PASSWORD, "connect_timeout": 10, **more}
    opened = psycopg2.connect(**options)
    opened.autocommit = autocommit
    return opened


connection = connect()


def scalar(sql, *parameters, on=None):
    with (on or connection).cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchone()[0]


def execute(sql, on=None):
    with (on or connection).cursor() as cursor:
        cursor.execute(sql)


def wrong_password():
    try:
        connect(password="wrong-" + PASSWORD)
    except psycopg2.OperationalError as e:
        assert "authentication failed" in str(e), e
        return
    raise AssertionError("let in")


def prepared():
    """PREPARE in SQL belongs to the session, so it is held by a transaction here."""
    mine = connect(autocommit=False)
    execute("PREPARE p (int) AS SELECT $1 * 2", on=mine)
    others = [connect(autocommit=False) for _ in range(OTHERS)]
    for number, other in enumerate(others):
        execute(f"PREPARE p (int) AS SELECT $1 * 100 + {number}", on=other)
    for turn in range(20):
        expect(scalar("EXECUTE p (%s)", turn, on=mine), turn * 2)
        for number, other in enumerate(others):
            expect(scalar("EXECUTE p (%s)", turn, on=other), turn * 100 + number)
    for each in (mine, *others):
        execute("DEALLOCATE p", on=each)
        each.commit()
        each.close()


def copy():
    execute(f"CREATE TABLE {TABLE} (id int PRIMARY KEY, t text)")
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {TABLE} FROM STDIN", io.StringIO("".join(f"{n}\trow\n" for n in range(1, 1001))))
        out = io.StringIO()
        cursor.copy_expert(f"COPY {TABLE} TO STDOUT", out)
    expect(out.getvalue().count("\n"), 1000)


def batch():
    with connection.cursor() as cursor:
        execute_values(cursor, f"INSERT INTO {TABLE} VALUES %s", [(n, "batch") for n in range(1001, 6001)], page_size=500)
    expect(scalar(f"SELECT count(*) FROM {TABLE}"), 6000)


def cancel():
    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    began = time.monotonic()
    try:
        execute("SELECT pg_sleep(20)")
        raise AssertionError("slept through")
    except psycopg2.errors.QueryCanceled:
        assert time.monotonic() - began < 10
    timer.join()
    expect(scalar("SELECT 'alive'"), "alive")


def rollback():
    c = connect(autocommit=False)
    execute(f"DELETE FROM {TABLE}", on=c)
    c.rollback()
    expect(scalar(f"SELECT count(*) FROM {TABLE}", on=c), 6000)
    try:
        execute("SELECT 1/0", on=c)
    except psycopg2.errors.DivisionByZero:
        c.rollback()
    expect(scalar("SELECT 2", on=c), 2)
    c.close()


def large_object():
    """Descriptors live in a transaction, and the driver reaches them by FunctionCall."""
    c = connect(autocommit=False)
    large = c.lobject(0, "wb")
    large.write(b"x" * 300_000)
    large.close()
    expect(len(c.lobject(large.oid, "rb").read()), 300_000)
    c.lobject(large.oid).unlink()
    c.commit()
    c.close()


def large_result():
    with connection.cursor() as cursor:
        cursor.execute("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g")
        expect(sum(row[0] for row in cursor), 5000050000)


def error_fields():
    try:
        execute("""DO $$ BEGIN RAISE EXCEPTION USING message='m', detail='d', hint='h', errcode='P0042', schema='s',
            table='t', column='c', datatype='dt', constraint='cn'; END $$""")
    except psycopg2.Error as e:
        f = e.diag
        expect((f.message_primary, f.message_detail, f.message_hint, f.sqlstate, f.schema_name, f.table_name, f.column_name,
                f.datatype_name, f.constraint_name), ("m", "d", "h", "P0042", "s", "t", "c", "dt", "cn"))
        return
    raise AssertionError("no error")


def notices():
    execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$")
    expect([text.strip() for text in connection.notices[-2:]], ["NOTICE:  one", "NOTICE:  two"])


def listen():
    listener = connect()
    execute(f"LISTEN {TABLE}", on=listener)
    execute(f"NOTIFY {TABLE}, 'news'")
    assert select.select([listener], [], [], 10)[0], "nothing came in 10 s"
    listener.poll()
    expect(listener.notifies[0].payload, "news")
    listener.close()


report = Report("psycopg2")
report.check("connect with SCRAM", lambda: expect(scalar("SELECT 1"), 1))
report.check("wrong password is refused", wrong_password)
report.check("query", lambda: expect(scalar("SELECT %s || %s", "a", "ü"), "aü"))
report.check("PREPARE and EXECUTE beside others of the same name", prepared)
report.check("COPY in and out", copy)
report.check("batch insert", batch)
report.check("cancel", cancel)
report.check("rollback", rollback)
report.check("large object", large_object)
report.check("large result", large_result)
report.check("error with all its fields", error_fields)
report.check("notices", notices)
report.check("LISTEN and NOTIFY", listen)
execute(f"DROP TABLE IF EXISTS {TABLE}")
report.exit()
