package org.pgdrover.server.cli;

import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.LogConfig;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.sql.StatementFingerprint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Logs every batch of statements, or only those that took long, with where it went: a line each.
///
/// A line shows the batch's first statement, by its fingerprint unless literals are asked for. When very
/// many are slow at once some lines are left out, and the next says how many.
final class StatementLog implements StatementObserver {
    private static final Logger log = LoggerFactory.getLogger("org.pgdrover.statements");
    private static final int SLOW_LINES_PER_SECOND = 50;

    private final LogConfig config;
    private final long slowNanos;
    private final LineBudget budget;

    private StatementLog(LogConfig config, long slowNanos, LongSupplier clock) {
        this.config = config;
        this.slowNanos = slowNanos;
        this.budget = new LineBudget(SLOW_LINES_PER_SECOND, clock);
    }

    /// Null if the settings ask for no line at all.
    ///
    /// @param clock nanoseconds
    static @Nullable StatementObserver of(LogConfig config, LongSupplier clock) {
        long slow = config.slowStatement().isZero()
                ? Long.MAX_VALUE
                : config.slowStatement().toNanos();
        return config.statements() || slow < Long.MAX_VALUE ? new StatementLog(config, slow, clock) : null;
    }

    @Override
    public boolean shows(long nanos) {
        return config.statements() || nanos >= slowNanos;
    }

    @Override
    public void onStatement(
            long client, String queryClass, String node, String reason, long nanos, String sql, String sqlState) {
        onBatch(client, queryClass, node, reason, nanos, List.of(sql), sqlState);
    }

    @Override
    public void onBatch(
            long client,
            String queryClass,
            String node,
            String reason,
            long nanos,
            List<String> statements,
            String sqlState) {
        boolean slow = nanos >= slowNanos;
        if (statements.isEmpty() || !shows(nanos)) return;
        long leftOut = config.statements() ? 0 : budget.take();
        if (leftOut < 0) return;
        var line = log.atLevel(slow ? Level.WARN : Level.INFO)
                .addKeyValue("client", client)
                .addKeyValue("class", queryClass)
                .addKeyValue("node", node)
                .addKeyValue("reason", reason)
                .addKeyValue("millis", nanos / 1_000_000.0)
                .addKeyValue("sqlstate", sqlState);
        if (statements.size() > 1) line = line.addKeyValue("statements", statements.size());
        if (leftOut > 0) line = line.addKeyValue("lines-left-out", leftOut);
        line.log(slow ? "slow statement: {}" : "{}", shown(statements.getFirst()));
    }

    private String shown(String sql) {
        return config.literals() ? StatementFingerprint.visible(sql) : new StatementFingerprint().of(sql);
    }
}
