import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/// pgjdbc: server-prepared statements after five uses, batches, fetch size and COPY, as Java programs
/// use them.
class Check {
    static final String TABLE = "drivers_pgjdbc_" + ProcessHandle.current().pid();
    static boolean failed;

    interface Body {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        try (var connection = connect()) {
            var check = new Check(connection);
            check.all();
            check.execute("DROP TABLE IF EXISTS " + TABLE);
        }
        System.exit(failed ? 1 : 0);
    }

    final Connection connection;

    Check(Connection connection) {
        this.connection = connection;
    }

    void all() throws Exception {
        check("connect with SCRAM", () -> expect(scalar(connection, "SELECT 1"), 1));
        check("wrong password is refused", () -> expectState("28P01", () -> connect("password", "wrong-" + env("PASSWORD")).close()));
        check("query", this::query);
        check("simple protocol", this::simpleProtocol);
        check("prepared statements beside others of the same name", this::prepared);
        check("COPY in and out", this::copy);
        check("batch", this::batch);
        check("cancel", this::cancel);
        check("rollback and savepoint", this::rollback);
        check("large result", this::largeResult);
        check("large result by fetch size", this::fetchSize);
        check("error with all its fields", this::errorFields);
        check("notices", this::notices);
        check("LISTEN and NOTIFY", this::listen);
    }

    void query() throws SQLException {
        try (var statement = connection.prepareStatement("SELECT ? + 1, ?::text, NULL")) {
            statement.setInt(1, 41);
            statement.setString(2, "ü");
            var row = statement.executeQuery();
            row.next();
            expect(List.of(row.getInt(1), row.getString(2), row.getObject(3) == null), List.of(42, "ü", true));
        }
    }

    void simpleProtocol() throws SQLException {
        try (var simple = connect("preferQueryMode", "simple")) {
            expect(scalar(simple, "SELECT 40 + 2"), 42);
        }
    }

    /// The driver names its statements S_1, S_2, … in every connection: the same names for different
    /// texts.
    void prepared() throws SQLException {
        var others = new ArrayList<Connection>();
        for (int i = 0; i < 8; i++) others.add(connect("prepareThreshold", "1"));
        try (var mine = connection.prepareStatement("SELECT ? * 2")) {
            for (int turn = 0; turn < 20; turn++) {
                expect(answer(mine, turn), turn * 2);
                for (int i = 0; i < others.size(); i++) {
                    try (var theirs = others.get(i).prepareStatement("SELECT ? + " + i * 1000)) {
                        expect(answer(theirs, turn), turn + i * 1000);
                    }
                }
            }
        }
        for (var other : others) other.close();
    }

    static int answer(java.sql.PreparedStatement statement, int parameter) throws SQLException {
        statement.setInt(1, parameter);
        try (var rows = statement.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }

    void copy() throws Exception {
        execute("CREATE TABLE " + TABLE + " (id int PRIMARY KEY, t text)");
        var rows = String.join("", IntStream.rangeClosed(1, 1000).mapToObj(n -> n + "\trow\n").toList());
        var api = connection.unwrap(PGConnection.class).getCopyAPI();
        expect(api.copyIn("COPY " + TABLE + " FROM STDIN", new StringReader(rows)), 1000L);
        var out = new StringWriter();
        expect(api.copyOut("COPY " + TABLE + " TO STDOUT", out), 1000L);
        expect(out.toString().lines().count(), 1000L);
    }

    void batch() throws SQLException {
        connection.setAutoCommit(false);
        try (var insert = connection.prepareStatement("INSERT INTO " + TABLE + " VALUES (?, 'batch')")) {
            for (int n = 1001; n <= 3000; n++) {
                insert.setInt(1, n);
                insert.addBatch();
            }
            expect(IntStream.of(insert.executeBatch()).sum(), 2000);
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
        expect(scalar(connection, "SELECT count(*)::int FROM " + TABLE), 3000);
    }

    void cancel() throws Exception {
        var statement = connection.createStatement();
        var canceller = Thread.startVirtualThread(() -> {
            try {
                Thread.sleep(500);
                statement.cancel();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        long began = System.nanoTime();
        expectState("57014", () -> statement.execute("SELECT pg_sleep(20)"));
        canceller.join();
        expect(System.nanoTime() - began < 10_000_000_000L, true);
        expect(scalar(connection, "SELECT 7"), 7);
    }

    void rollback() throws SQLException {
        connection.setAutoCommit(false);
        try {
            execute("DELETE FROM " + TABLE);
            connection.rollback();
            expect(scalar(connection, "SELECT count(*)::int FROM " + TABLE), 3000);
            var savepoint = connection.setSavepoint();
            expectState("22012", () -> execute("SELECT 1/0"));
            expectState("25P02", () -> execute("SELECT 1"));
            connection.rollback(savepoint);
            expect(scalar(connection, "SELECT 2"), 2);
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
    }

    void largeResult() throws SQLException {
        expect(sum("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g", 0), 5000050000L);
    }

    void fetchSize() throws SQLException {
        connection.setAutoCommit(false);
        try {
            expect(sum("SELECT g, repeat('x', 100) FROM generate_series(1, 100000) g", 1000), 5000050000L);
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
    }

    long sum(String sql, int fetchSize) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setFetchSize(fetchSize);
            var rows = statement.executeQuery(sql);
            long sum = 0;
            while (rows.next()) sum += rows.getLong(1);
            return sum;
        }
    }

    void errorFields() {
        var e = expectState("P0042", () -> execute("""
                DO $$ BEGIN RAISE EXCEPTION USING message='m', detail='d', hint='h', errcode='P0042', schema='s', table='t',
                column='c', datatype='dt', constraint='cn'; END $$"""));
        var fields = ((PSQLException) e).getServerErrorMessage();
        expect(
                List.of(fields.getMessage(), fields.getDetail(), fields.getHint(), fields.getSchema(), fields.getTable(),
                        fields.getColumn(), fields.getDatatype(), fields.getConstraint(), fields.getSeverity()),
                List.of("m", "d", "h", "s", "t", "c", "dt", "cn", "ERROR"));
        expect(fields.getWhere() != null && fields.getFile() != null && fields.getRoutine() != null, true);
    }

    void notices() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$");
            var first = statement.getWarnings();
            expect(List.of(first.getMessage(), first.getNextWarning().getMessage()), List.of("one", "two"));
        }
    }

    void listen() throws SQLException {
        try (var listener = connect();
                var statement = listener.createStatement()) {
            statement.execute("LISTEN " + TABLE);
            execute("NOTIFY " + TABLE + ", 'news'");
            var heard = listener.unwrap(PGConnection.class).getNotifications(10_000);
            expect(heard.length == 1 ? heard[0].getParameter() : "nothing", "news");
        }
    }

    void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static int scalar(Connection on, String sql) throws SQLException {
        try (var statement = on.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    static Connection connect(String... more) throws SQLException {
        var properties = new Properties();
        properties.put("user", env("USER"));
        properties.put("password", env("PASSWORD"));
        properties.put("loginTimeout", "10");
        for (int i = 0; i < more.length; i += 2) properties.put(more[i], more[i + 1]);
        return DriverManager.getConnection(
                "jdbc:postgresql://" + env("HOST") + ":" + env("PORT") + "/" + env("DATABASE"), properties);
    }

    static String env(String name) {
        return System.getenv("CHECK_" + name);
    }

    static void check(String what, Body body) {
        try {
            body.run();
            IO.println("ok pgjdbc " + what);
        } catch (Exception | AssertionError e) {
            failed = true;
            IO.println("FAIL pgjdbc " + what + " (" + e.toString().replaceAll("\\s+", " ") + ")");
        }
    }

    static SQLException expectState(String state, Body body) {
        try {
            body.run();
        } catch (SQLException e) {
            expect(e.getSQLState(), state);
            return e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("no error (expected: " + state + ")");
    }

    static void expect(Object actual, Object expected) {
        if (!expected.equals(actual)) throw new AssertionError(actual + " (expected: " + expected + ")");
    }
}
