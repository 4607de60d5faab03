package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.ask;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.config.PoolMode;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// The primary dies, for real, and sessions go on.
@Timeout(180)
class FailoverTest {
    private static final EmbeddedCluster.Options SYNCHRONOUS = new EmbeddedCluster.Options(2, 18, true);
    /// What a client may see of a failover: a transaction to be run again, and a COMMIT of unknown
    /// outcome.
    private static final Set<String> EXPECTED = Set.of("40001", "08007", "25P02");

    @Test
    void promotesAStandbyAndKeepsEverySessionAndEveryAcknowledgedCommit() throws Exception {
        try (var cluster = EmbeddedCluster.start(SYNCHRONOUS)) {
            cluster.nodes()
                    .getFirst()
                    .sql("demo", "CREATE TABLE ledger (n int PRIMARY KEY)", "GRANT ALL ON ledger TO demo");
            try (var proxy = new Proxied(cluster, PoolMode.TRANSACTION)) {
                var load = new Load(proxy);
                load.start();
                Proxied.await(() -> load.committed.size() > 200, "200 commits");

                cluster.nodes().getFirst().kill();
                long killed = System.nanoTime();
                int before = load.committed.size();
                Proxied.await(() -> load.committed.size() > before + 100, "commits on the new primary");
                long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - killed);
                load.stop();

                assertThat(seconds).isLessThan(20);
                assertThat(load.lostSessions)
                        .describedAs(load.messages.toString())
                        .hasValue(0);
                assertThat(load.states).describedAs(load.messages.toString()).isSubsetOf(EXPECTED);
                try (var connection = proxy.connect();
                        var rows = connection.createStatement().executeQuery("SELECT n FROM ledger FOR SHARE")) {
                    var found = new ConcurrentSkipListSet<Integer>();
                    while (rows.next()) found.add(rows.getInt(1));
                    assertThat(found).containsAll(load.committed);
                }
            }
        }
    }

    @Test
    void neverWritesToAnOldPrimaryThatComesBack() throws Exception {
        try (var cluster = EmbeddedCluster.start(EmbeddedCluster.Options.DEFAULT);
                var proxy = new Proxied(cluster, PoolMode.TRANSACTION);
                var connection = proxy.connect()) {
            var old = cluster.nodes().getFirst();
            ask(connection, "UPDATE account SET balance = 1 WHERE id = 1 RETURNING 1");
            old.kill();
            askWhileItDies(connection, "UPDATE account SET balance = 2 WHERE id = 1 RETURNING 1");

            old.start();

            for (int i = 0; i < 50; i++) {
                ask(connection, "UPDATE account SET balance = " + i + " WHERE id = 2 RETURNING 1");
                TimeUnit.MILLISECONDS.sleep(40);
            }
            assertThat(old.ask("demo", "SELECT pg_is_in_recovery()")).isEqualTo("f");
            assertThat(old.ask("demo", "SELECT balance::int FROM account WHERE id = 2"))
                    .isEqualTo("20");
            assertThat(ask(connection, "SELECT balance::int FROM account WHERE id = 2 FOR SHARE"))
                    .isEqualTo("49");
        }
    }

    @Test
    void followsAPromotionThatSomebodyElseMade() throws Exception {
        try (var cluster = EmbeddedCluster.start(EmbeddedCluster.Options.DEFAULT);
                var proxy = new Proxied(cluster, PoolMode.TRANSACTION);
                var connection = proxy.connect()) {
            ask(connection, "SELECT 1");
            var chosen = cluster.node("pg3");
            cluster.node("pg1").stop();
            chosen.sql("postgres", "SELECT pg_promote()");

            ask(connection, "UPDATE account SET balance = 7 WHERE id = 3 RETURNING 1");
            assertThat(proxy.server().topology().topology().primary()).isNotNull();
        }
    }

    @Test
    void aStandbyThatDiesLosesItsReadsAndGetsThemBack() throws Exception {
        try (var cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(1, 18, false));
                var proxy = new Proxied(cluster, PoolMode.TRANSACTION);
                var connection = proxy.connect("preferQueryMode=simple")) {
            awaitNode(proxy, connection, "pg2");

            cluster.node("pg2").kill();
            for (int i = 0; i < 20; i++)
                assertThat(ask(connection, "SELECT 5 AS five")).isEqualTo("5");
            awaitNode(proxy, connection, "pg1");

            cluster.node("pg2").start();
            awaitNode(proxy, connection, "pg2");
        }
    }

    /// A statement that was sent to a server before its death was seen may have been carried out: it is
    /// the client's to repeat.
    private static void askWhileItDies(Connection connection, String sql) throws SQLException {
        try {
            ask(connection, sql);
        } catch (SQLException unknown) {
            assertThat(unknown.getSQLState()).isEqualTo("08007");
            ask(connection, sql);
        }
    }

    private static void awaitNode(Proxied proxy, Connection connection, String node)
            throws SQLException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        do {
            if (System.nanoTime() > end) throw new AssertionError("reads do not go to " + node);
            ask(connection, "SELECT 6 AS six");
            TimeUnit.MILLISECONDS.sleep(20);
        } while (!proxy.last("SELECT 6").node().equals(node));
    }

    /// Sessions that insert one number after another, in autocommit and in transactions, and go on after
    /// errors.
    private static final class Load {
        final Set<Integer> committed = new ConcurrentSkipListSet<>();
        final Set<String> states = new ConcurrentSkipListSet<>();
        final Set<String> messages = new ConcurrentSkipListSet<>();
        final AtomicInteger lostSessions = new AtomicInteger();
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicBoolean over = new AtomicBoolean();
        private final ArrayList<Thread> threads = new ArrayList<>();
        private final Proxied proxy;

        Load(Proxied proxy) {
            this.proxy = proxy;
        }

        void start() {
            for (int i = 0; i < 8; i++) {
                boolean transactions = i % 2 == 0;
                threads.add(Thread.ofVirtual().start(() -> session(transactions)));
            }
        }

        void stop() throws InterruptedException {
            over.set(true);
            for (var thread : threads) thread.join();
        }

        private void session(boolean transactions) {
            try (var connection = proxy.connect()) {
                connection.setAutoCommit(!transactions);
                while (!over.get()) insert(connection, transactions);
            } catch (SQLException lost) {
                lostSessions.incrementAndGet();
                messages.add("session lost: " + lost);
                states.add(String.valueOf(lost.getSQLState()));
            }
        }

        private void insert(Connection connection, boolean transactions) throws SQLException {
            int number = next.incrementAndGet();
            try {
                ask(connection, "INSERT INTO ledger VALUES (" + number + ") RETURNING 1");
                if (transactions) connection.commit();
                committed.add(number);
            } catch (SQLException failure) {
                if (connection.isClosed()) throw failure;
                states.add(String.valueOf(failure.getSQLState()));
                messages.add(String.valueOf(failure.getMessage()));
                if (transactions) connection.rollback();
            }
        }
    }
}
