package org.pgdrover.failover;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.HealthMonitor;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.NodeReport;

/// The memory of a primary and of those who followed it when it was last well.
///
/// @param report its last answer
/// @param followers the standbys that streamed then
/// @param applicationNames under which name each standby streamed last
/// @param syncStandbys the names that its commits waited for, the last ones that were not none while the
/// setting asked for some
record PrimaryMemory(
        Node node,
        NodeReport report,
        Set<Node> followers,
        Map<Node, String> applicationNames,
        Set<String> syncStandbys) {
    PrimaryMemory {
        followers = Set.copyOf(followers);
        applicationNames = Map.copyOf(applicationNames);
        syncStandbys = Set.copyOf(syncStandbys);
    }

    int timeline() {
        return report.timeline();
    }

    /// What is known now that the primary is well. Only a new answer of the primary brings it up to
    /// date: when it dies, its standbys may be seen to lose it before we do, and they were its followers
    /// all the same.
    static @Nullable PrimaryMemory next(@Nullable PrimaryMemory before, Node primary, HealthMonitor monitor) {
        var health = monitor.health(primary);
        var report = health.report();
        if (report == null || health.failure() != null) return before;
        if (before != null && before.report.startedNanos() == report.startedNanos()) return before;
        var names = new HashMap<>(before == null ? Map.of() : before.applicationNames);
        var followers = new HashSet<Node>();
        for (var node : monitor.nodes()) {
            if (!node.equals(primary)) noteFollower(monitor.health(node), followers, names);
        }
        return new PrimaryMemory(primary, report, followers, names, sync(before, primary, report));
    }

    private static void noteFollower(NodeHealth standby, Set<Node> followers, Map<Node, String> names) {
        var report = standby.report();
        if (report == null || report.receiver() == null || !report.streaming()) return;
        names.put(standby.node(), report.receiver().applicationName());
        if (standby.up()) followers.add(standby.node());
    }

    private static Set<String> sync(@Nullable PrimaryMemory before, Node primary, NodeReport report) {
        if (report.synchronousStandbyNames().isBlank()) return Set.of();
        if (!report.syncStandbys().isEmpty() || before == null) return report.syncStandbys();
        return before.node.equals(primary) ? before.syncStandbys : Set.of();
    }
}
