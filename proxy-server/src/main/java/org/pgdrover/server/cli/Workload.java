package org.pgdrover.server.cli;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.pgdrover.cluster.NodeState;

/// A mixed load through the proxy, with a table a second of what each node did. Some sessions only read,
/// as reports do. The others write now and then, and what they read next must hold what they wrote.
final class Workload {
    private static final int READERS = 6;
    private static final int WRITERS = 2;
    private static final int READS_IN_TEN = 8;

    private final RunningProxy proxy;
    private final PrintStream out;
    private final Map<String, LongAdder> reads = new ConcurrentSkipListMap<>();
    private final Map<String, LongAdder> writes = new ConcurrentSkipListMap<>();
    private final LongAdder errors = new LongAdder();
    private final Map<Integer, String> names = new ConcurrentSkipListMap<>();

    Workload(RunningProxy proxy, PrintStream out) {
        this.proxy = proxy;
        this.out = out;
        for (var state : proxy.topology().nodes())
            names.put(state.node().endpoint().port(), state.node().name());
    }

    /// Runs until the latch is down.
    void run(CountDownLatch quit) throws InterruptedException {
        var sessions = new ArrayList<Thread>();
        for (int i = 0; i < READERS + WRITERS; i++) {
            int readsInTen = i < READERS ? 10 : READS_IN_TEN;
            sessions.add(Thread.ofVirtual().name("pgdrover-workload-" + i).start(() -> session(quit, readsInTen)));
        }
        while (!quit.await(1, TimeUnit.SECONDS)) out.println(table());
        for (var session : sessions) session.interrupt();
    }

    private void session(CountDownLatch quit, int readsInTen) {
        while (quit.getCount() > 0) {
            try (var connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:"
                    + proxy.address().getPort() + "/demo?user=demo&password=demo&socketTimeout=60")) {
                while (quit.getCount() > 0) statement(connection, readsInTen);
            } catch (SQLException lost) {
                errors.increment();
                pause();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void statement(Connection connection, int readsInTen) throws SQLException {
        var random = ThreadLocalRandom.current();
        int id = random.nextInt(1000) + 1;
        try (var statement = connection.createStatement()) {
            if (random.nextInt(10) < readsInTen) read(statement, id);
            else write(statement, id);
        } catch (SQLException failure) {
            errors.increment();
            if (connection.isClosed()) throw failure;
            pause();
        }
    }

    private void read(java.sql.Statement statement, int id) throws SQLException {
        try (var row = statement.executeQuery(
                "SELECT s.setting::int, a.balance FROM account a, (SELECT current_port() AS setting) s WHERE a.id = "
                        + id)) {
            if (row.next()) count(reads, row.getInt(1));
        }
    }

    private void write(java.sql.Statement statement, int id) throws SQLException {
        try (var row = statement.executeQuery(
                "UPDATE account SET balance = balance + 1 WHERE id = " + id + " RETURNING current_port()")) {
            if (row.next()) count(writes, row.getInt(1));
        }
    }

    private void count(Map<String, LongAdder> counters, int port) {
        counters.computeIfAbsent(names.getOrDefault(port, "?"), name -> new LongAdder())
                .increment();
    }

    private String table() {
        var text = new StringBuilder("node   role       reads/s  writes/s  lag\n");
        for (var state : proxy.topology().nodes()) text.append(row(state));
        return text.append("errors/s: ")
                .append(errors.sumThenReset())
                .append("  failover: ")
                .append(proxy.failoverState())
                .append('\n')
                .toString();
    }

    private String row(NodeState state) {
        var name = state.node().name();
        return String.format(
                Locale.ROOT,
                "%-6s %-8s %9d %9d  %s%n",
                name,
                state.up() ? state.role().name().toLowerCase(Locale.ROOT) : "down",
                taken(reads, name),
                taken(writes, name),
                !state.up() || state.lagMillis() == Long.MAX_VALUE ? "?" : state.lagMillis() + " ms");
    }

    private static long taken(Map<String, LongAdder> counters, String name) {
        var counter = counters.get(name);
        return counter == null ? 0 : counter.sumThenReset();
    }
}
