package org.pgdrover.metrics;

import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/// The things that the proxy counts. Every method does nothing by default.
///
/// Methods that return a meter are called once and the meter kept, so that the hot path never looks
/// anything up. All may be called from any thread.
public interface ProxyMetrics {
    ProxyMetrics NOOP = new ProxyMetrics() {};

    /// The meter of the statements of one class that went to one node for one reason.
    default QueryMeter query(String queryClass, String node, String reason) {
        return QueryMeter.NOOP;
    }

    default void clientConnected() {}

    default void clientDisconnected(String reason) {}

    /// A login was refused with this SQLSTATE.
    default void loginRefused(String sqlState) {}

    /// Registers the counts of the bytes that have come from clients and gone to them; called once.
    default void traffic(LongSupplier fromClients, LongSupplier toClients) {}

    /// Registers the gauges of one pool: open, leased (in use) and waiting clients; those of an earlier
    /// pool of the same name go.
    default PoolMeter pool(
            String node, String database, String user, IntSupplier open, IntSupplier leased, IntSupplier waiting) {
        return PoolMeter.NOOP;
    }

    default void serverOpened(String node) {}

    default void serverClosed(String node, String reason) {}

    default void serverLoginFailed(String node, String sqlState) {}

    /// Registers the gauges of one node: up (0 or 1), primary (0 or 1), lag in bytes and in
    /// milliseconds.
    default void node(
            String node, IntSupplier up, IntSupplier primary, LongSupplier lagBytes, LongSupplier lagMillis) {}

    /// A failover ended; outcome is a short fixed word such as promoted, followed, abandoned.
    default void failover(String outcome, Duration duration) {}

    /// The proxy failed at something by a mistake of its own; its log says more.
    default void failedInside() {}

    /// Registers the gauge of the channels that clients have subscribed to, each client's counted;
    /// called once.
    default void subscriptions(IntSupplier now) {}

    /// So many notifications were passed on to clients that share server connections.
    default void notificationsDelivered(int count) {}

    /// A notification was not passed on because its client does not keep up; that client is ended.
    default void notificationDropped() {}

    /// A statement was run again elsewhere because its first server could not answer it.
    default void retried(String reason) {}
}
