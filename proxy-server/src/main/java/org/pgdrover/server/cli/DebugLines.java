package org.pgdrover.server.cli;

import java.io.PrintStream;
import java.time.Clock;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.sql.StatementFingerprint;

/// Prints a line a statement: time, client, class, node, reason, milliseconds and the statement, cut to
/// the terminal.
///
/// Lines wait in a bounded queue for a thread of their own; what does not fit is counted and told, never
/// waited for.
final class DebugLines implements StatementObserver, AutoCloseable {
    private static final int QUEUE = 10_000;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

    private final PrintStream out;
    private final int width;
    private final boolean literals;
    private final Clock clock;
    private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(QUEUE);
    private final AtomicLong lost = new AtomicLong();
    private final Thread printer;

    /// @param width of the terminal, in characters
    /// @param literals whether the data in statements is shown
    DebugLines(PrintStream out, int width, boolean literals, Clock clock) {
        this.out = out;
        this.width = width;
        this.literals = literals;
        this.clock = clock;
        this.printer = Thread.ofPlatform().name("pgdrover-debug-lines").daemon().start(this::print);
    }

    @Override
    public void onStatement(
            long client, String queryClass, String node, String reason, long nanos, String sql, String sqlState) {
        var line = format(client, queryClass, node, reason, nanos, sql, sqlState);
        if (!lines.offer(line)) lost.incrementAndGet();
    }

    String format(long client, String queryClass, String node, String reason, long nanos, String sql, String sqlState) {
        var failed = sqlState.isEmpty() ? "" : "ERROR " + sqlState + " ";
        var line = String.format(
                Locale.ROOT,
                "%s #%-3d %-11s %-5s %-29s %8.2f ms  %s%s",
                LocalTime.now(clock).format(TIME),
                client,
                queryClass,
                node,
                reason,
                nanos / 1e6,
                failed,
                shown(sql).strip().replaceAll("\\s+", " "));
        return line.length() <= width ? line : line.substring(0, Math.max(1, width - 1)) + "…";
    }

    private String shown(String sql) {
        return literals ? StatementFingerprint.visible(sql) : new StatementFingerprint().of(sql);
    }

    private void print() {
        try {
            while (true) {
                out.println(lines.take());
                long untold = lost.getAndSet(0);
                if (untold > 0) out.println("… " + untold + " more statements, too many to print");
            }
        } catch (InterruptedException over) {
            lines.forEach(out::println);
        }
    }

    @Override
    public void close() {
        printer.interrupt();
    }
}
