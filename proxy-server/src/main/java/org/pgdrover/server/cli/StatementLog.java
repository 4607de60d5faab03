package org.pgdrover.server.cli;

import org.jspecify.annotations.Nullable;
import org.pgdrover.config.LogConfig;
import org.pgdrover.metrics.StatementObserver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs every statement, or only those that took long, with where they went. */
final class StatementLog implements StatementObserver {
    private static final Logger log = LoggerFactory.getLogger("pgdrover.statements");

    private final boolean all;
    private final long slowNanos;

    private StatementLog(boolean all, long slowNanos) {
        this.all = all;
        this.slowNanos = slowNanos;
    }

    /** Null if the settings ask for no line at all. */
    static @Nullable StatementObserver of(LogConfig config) {
        long slow = config.slowStatement().isZero()
                ? Long.MAX_VALUE
                : config.slowStatement().toNanos();
        return config.statements() || slow < Long.MAX_VALUE ? new StatementLog(config.statements(), slow) : null;
    }

    @Override
    public void onStatement(
            long client, String queryClass, String node, String reason, long nanos, String sql, String sqlState) {
        boolean slow = nanos >= slowNanos;
        if (!all && !slow) return;
        (slow ? log.atWarn() : log.atInfo())
                .addKeyValue("client", client)
                .addKeyValue("class", queryClass)
                .addKeyValue("node", node)
                .addKeyValue("reason", reason)
                .addKeyValue("millis", nanos / 1_000_000.0)
                .addKeyValue("sqlstate", sqlState)
                .log(slow ? "slow statement: {}" : "{}", sql);
    }
}
