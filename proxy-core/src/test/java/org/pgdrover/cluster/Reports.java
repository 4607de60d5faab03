package org.pgdrover.cluster;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.NodeConfig;

/// Answers of nodes for tests, with what a test does not care about filled in.
public final class Reports {
    public static final long IDENTIFIER = 7711;
    private static final int FAILURES = 3;

    private Reports() {}

    public static Node node(int index) {
        return Node.of(index, new NodeConfig("pg" + (index + 1), "10.0.0." + (index + 1), 5432));
    }

    public static NodeReport primary(int timeline, long insertLsn) {
        return primary(timeline, insertLsn, "", Set.of());
    }

    public static NodeReport primary(int timeline, long insertLsn, String syncNames, Set<String> sync) {
        return new NodeReport(
                0,
                false,
                IDENTIFIER,
                timeline,
                insertLsn,
                insertLsn,
                insertLsn,
                -1,
                null,
                syncNames,
                sync,
                RoleSettings.UNKNOWN);
    }

    public static NodeReport standby(int timeline, long receiveLsn, @Nullable WalReceiver receiver) {
        return standbyAt(0, timeline, receiveLsn, receiver);
    }

    public static NodeReport standbyAt(long startedNanos, int timeline, long lsn, @Nullable WalReceiver receiver) {
        return new NodeReport(
                startedNanos, true, IDENTIFIER, timeline, 0, lsn, lsn, 5, receiver, "", Set.of(), RoleSettings.UNKNOWN);
    }

    public static NodeReport stranger(int timeline) {
        return new NodeReport(
                0, false, IDENTIFIER + 1, timeline, 9, 9, 9, -1, null, "", Set.of(), RoleSettings.UNKNOWN);
    }

    public static WalReceiver streamsFrom(Node sender, String applicationName, long silentMillis) {
        return new WalReceiver(
                true, sender.endpoint().host(), sender.endpoint().port(), applicationName, silentMillis, 60_000);
    }

    public static NodeHealth up(Node node, NodeReport report) {
        return NodeHealth.unknown(node).answered(report);
    }

    /// A node that had answered and then failed so many probes, the first at a moment.
    public static NodeHealth failing(NodeHealth was, ProbeFailure.Kind kind, int times, long sinceNanos) {
        var health = was;
        for (var i = 0; i < times; i++)
            health = health.failed(new ProbeFailure(kind, "test"), sinceNanos + i, FAILURES);
        return health;
    }
}
