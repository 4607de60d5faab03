package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.PoolMode;
import org.postgresql.PGConnection;

/// What every driver does, through pgjdbc, in both pool modes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class QueryCases {
    private Proxied transactionPool;
    private Proxied sessionPool;

    /// A running one, its primary first.
    abstract ClusterConfig cluster();

    @BeforeAll
    void startProxies() throws Exception {
        Proxied.sql(
                cluster().nodes().getFirst(),
                "demo",
                "CREATE TABLE note (id int PRIMARY KEY, body text)",
                "GRANT ALL ON note TO demo",
                "CREATE SEQUENCE counter",
                "GRANT ALL ON counter TO demo");
        transactionPool = new Proxied(cluster(), PoolMode.TRANSACTION);
        sessionPool = new Proxied(cluster(), PoolMode.SESSION);
    }

    @AfterAll
    void stopProxies() throws Exception {
        transactionPool.close();
        sessionPool.close();
    }

    private Proxied proxy(PoolMode mode) {
        return mode == PoolMode.SESSION ? sessionPool : transactionPool;
    }

    private Connection connect(PoolMode mode, String... options) throws SQLException {
        return proxy(mode).connect(options);
    }

    @ParameterizedTest
    @EnumSource
    void answersSimpleExtendedAndPreparedQueries(PoolMode mode) throws SQLException {
        for (var queryMode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            try (var connection = connect(mode, "preferQueryMode=" + queryMode, "prepareThreshold=1");
                    var statement = connection.prepareStatement("SELECT n, ?::text FROM generate_series(1, ?) n")) {
                for (int round = 1; round <= 5; round++) {
                    statement.setString(1, "round " + round);
                    statement.setInt(2, round * 100);
                    try (var rows = statement.executeQuery()) {
                        int count = 0;
                        while (rows.next()) {
                            assertThat(rows.getInt(1)).isEqualTo(++count);
                            assertThat(rows.getString(2)).isEqualTo("round " + round);
                        }
                        assertThat(count).isEqualTo(round * 100);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void runsPipelinedBatches(PoolMode mode) throws SQLException {
        try (var connection = connect(mode);
                var insert = connection.prepareStatement("INSERT INTO note VALUES (?, ?) ON CONFLICT DO NOTHING")) {
            ask(connection, "DELETE FROM note RETURNING 1");
            for (int i = 0; i < 1000; i++) {
                insert.setInt(1, i);
                insert.setString(2, "x".repeat(i % 300));
                insert.addBatch();
            }
            assertThat(insert.executeBatch()).hasSize(1000);
            assertThat(ask(connection, "SELECT count(*) FROM note")).isEqualTo("1000");
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsTheSessionAfterAnErrorInAPipeline(PoolMode mode) throws SQLException {
        try (var connection = connect(mode);
                var divide = connection.prepareStatement("UPDATE note SET body = (1 / ?)::text WHERE id = -1")) {
            for (int i = 3; i >= -3; i--) {
                divide.setInt(1, i);
                divide.addBatch();
            }
            ask(connection, "INSERT INTO note VALUES (-1, '') ON CONFLICT DO NOTHING RETURNING 1");
            assertThatThrownBy(divide::executeBatch)
                    .isInstanceOf(SQLException.class)
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("22012");
            assertThat(ask(connection, "SELECT 7")).isEqualTo("7");
        }
    }

    @ParameterizedTest
    @EnumSource
    void copiesInAndOut(PoolMode mode) throws Exception {
        try (var connection = connect(mode)) {
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            ask(connection, "DELETE FROM note RETURNING 1");
            var lines = new StringBuilder();
            for (int i = 0; i < 20_000; i++)
                lines.append(i).append("\tbody ").append(i).append('\n');
            assertThat(copy.copyIn("COPY note FROM STDIN", new StringReader(lines.toString())))
                    .isEqualTo(20_000);
            var out = new StringWriter();
            assertThat(copy.copyOut("COPY (SELECT * FROM note ORDER BY id) TO STDOUT", out))
                    .isEqualTo(20_000);
            assertThat(out.toString()).isEqualTo(lines.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void rollsBackWhatAClientLeavesOpen(PoolMode mode) throws Exception {
        try (var other = connect(mode)) {
            ask(other, "DELETE FROM note RETURNING 1");
            var leaving = connect(mode);
            leaving.setAutoCommit(false);
            ask(leaving, "INSERT INTO note VALUES (1, 'never committed') RETURNING 1");
            leaving.abort(Runnable::run);
            ask(other, "INSERT INTO note VALUES (1, 'waits for the roll-back') RETURNING 1");
            assertThat(ask(other, "SELECT body FROM note WHERE id = 1")).isEqualTo("waits for the roll-back");
        }
    }

    @ParameterizedTest
    @EnumSource
    void cancelsARunningStatement(PoolMode mode) throws Exception {
        try (var connection = connect(mode);
                var statement = connection.createStatement();
                var canceller = Executors.newSingleThreadScheduledExecutor()) {
            canceller.schedule(
                    () -> {
                        statement.cancel();
                        return 0;
                    },
                    300,
                    TimeUnit.MILLISECONDS);
            assertThatThrownBy(() -> statement.execute("SELECT pg_sleep(30)"))
                    .isInstanceOf(SQLException.class)
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("57014");
            assertThat(ask(connection, "SELECT 1")).isEqualTo("1");
        }
    }

    @ParameterizedTest
    @EnumSource
    void fetchesWithACursorInATransaction(PoolMode mode) throws SQLException {
        try (var connection = connect(mode)) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.setFetchSize(100);
                try (var rows = statement.executeQuery("SELECT n FROM generate_series(1, 5000) n")) {
                    int count = 0;
                    while (rows.next()) assertThat(rows.getInt(1)).isEqualTo(++count);
                    assertThat(count).isEqualTo(5000);
                }
            }
            connection.commit();
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsSettingsOfTheSession(PoolMode mode) throws SQLException {
        try (var one = connect(mode);
                var other = connect(mode)) {
            one.createStatement().execute("SET work_mem = '7MB'");
            one.createStatement().execute("SET extra_float_digits = 1");
            for (int i = 0; i < 5; i++) {
                assertThat(ask(other, "SHOW work_mem")).isNotEqualTo("7MB");
                assertThat(ask(one, "SHOW work_mem")).isEqualTo("7MB");
            }
            one.createStatement().execute("RESET work_mem");
            assertThat(ask(one, "SHOW work_mem")).isEqualTo(ask(other, "SHOW work_mem"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsTemporaryTablesAndListeners(PoolMode mode) throws Exception {
        try (var connection = connect(mode);
                var other = connect(mode)) {
            connection.createStatement().execute("CREATE TEMP TABLE mine AS SELECT 42 AS a");
            connection.createStatement().execute("LISTEN news");
            ask(other, "SELECT 1");
            assertThat(ask(connection, "SELECT a FROM mine")).isEqualTo("42");
            other.createStatement().execute("NOTIFY news, 'hello'");
            var notifications = connection.unwrap(PGConnection.class).getNotifications(5000);
            assertThat(notifications).hasSize(1);
            assertThat(notifications[0].getParameter()).isEqualTo("hello");
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesLargeValues(PoolMode mode) throws SQLException {
        try (var connection = connect(mode);
                var statement = connection.prepareStatement("SELECT ?::text, repeat('y', ?)")) {
            statement.setString(1, "x".repeat(20_000_000));
            statement.setInt(2, 30_000_000);
            try (ResultSet row = statement.executeQuery()) {
                assertThat(row.next()).isTrue();
                assertThat(row.getString(1)).hasSize(20_000_000);
                assertThat(row.getString(2)).hasSize(30_000_000);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void storesLargeObjects(PoolMode mode) throws Exception {
        try (var connection = connect(mode)) {
            connection.setAutoCommit(false);
            var objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
            long id = objects.createLO();
            try (var large = objects.open(id)) {
                large.write(new byte[300_000]);
            }
            try (var large = objects.open(id)) {
                assertThat(large.size()).isEqualTo(300_000);
            }
            objects.delete(id);
            connection.commit();
        }
    }

    /// PostgreSQL refuses the old plan once; with the same text prepared again, or the next time, it
    /// works.
    @ParameterizedTest
    @EnumSource
    void preparesAgainWhatAChangedTableHasSpoiled(PoolMode mode) throws SQLException {
        try (var connection = connect(mode, "prepareThreshold=1");
                var other = connect(mode)) {
            other.createStatement().execute("DROP TABLE IF EXISTS changing");
            other.createStatement().execute("CREATE TABLE changing AS SELECT 1 AS a");
            for (int i = 0; i < 3; i++) assertThat(columns(connection)).isEqualTo(1);
            other.createStatement().execute("ALTER TABLE changing ADD b int");
            try {
                columns(connection);
            } catch (SQLException spoiled) {
                assertThat(spoiled.getSQLState()).isEqualTo("0A000");
            }
            assertThat(columns(connection)).isEqualTo(2);
            assertThat(columns(other)).isEqualTo(2);
        }
    }

    private static int columns(Connection connection) throws SQLException {
        // In a transaction, so that both modes use the primary.
        connection.setAutoCommit(false);
        try (var statement = connection.prepareStatement("SELECT * FROM changing");
                var rows = statement.executeQuery()) {
            return rows.getMetaData().getColumnCount();
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellsErrorsWithAllTheirFields(PoolMode mode) throws SQLException {
        try (var connection = connect(mode)) {
            ask(connection, "INSERT INTO note VALUES (5, 'a') ON CONFLICT DO NOTHING RETURNING 1");
            assertThatThrownBy(() -> ask(connection, "INSERT INTO note VALUES (5, 'b') RETURNING 1"))
                    .isInstanceOfSatisfying(org.postgresql.util.PSQLException.class, failure -> {
                        var message = java.util.Objects.requireNonNull(failure.getServerErrorMessage());
                        assertThat(message.getSQLState()).isEqualTo("23505");
                        assertThat(message.getTable()).isEqualTo("note");
                        assertThat(message.getConstraint()).isEqualTo("note_pkey");
                        assertThat(message.getDetail()).contains("already exists");
                    });
        }
    }
}
