package org.pgdrover.cluster;

/// A standby's report about its WAL receiver (view `pg_stat_wal_receiver`).
///
/// @param streaming whether its status is streaming
/// @param senderHost the host that it receives from, or an empty string if our user may not see it
/// @param senderPort the port that it receives from, 0 if unknown
/// @param applicationName the name under which the sender knows it, as `synchronous_standby_names` means
/// it
/// @param silentMillis since the last message from the sender, by the standby's own clock; -1 if unknown
/// @param timeoutMillis its `wal_receiver_timeout`; 0 is never
public record WalReceiver(
        boolean streaming,
        String senderHost,
        int senderPort,
        String applicationName,
        long silentMillis,
        long timeoutMillis) {
    /// Whether it receives from the address under which we know the node; the standby may know the same
    /// server by another one.
    public boolean receivesFrom(Node node) {
        return senderPort == node.endpoint().port()
                && senderHost.equals(node.endpoint().host());
    }
}
