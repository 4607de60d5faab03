package org.pgdrover.cluster;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Draws the picture of the cluster from what the nodes have said and from who won the election.
record ClusterView(Leadership leadership, WalSamples samples) {
    ClusterTopology next(ClusterTopology previous, List<NodeHealth> nodes, @Nullable Node primary, boolean newTerm) {
        var roles = roles(nodes, primary);
        var states = nodes.stream().map(health -> state(health, primary, roles)).toList();
        return new ClusterTopology(
                previous.version() + 1, newTerm ? previous.term() + 1 : previous.term(), states, primary);
    }

    private static RoleSettings roles(List<NodeHealth> nodes, @Nullable Node primary) {
        var report = primary == null ? null : nodes.get(primary.index()).report();
        return report == null ? RoleSettings.UNKNOWN : report.roleSettings();
    }

    private NodeState state(NodeHealth health, @Nullable Node primary, RoleSettings primarys) {
        var report = health.report();
        if (report == null) return NodeState.unknown(health.node());
        var role = role(health, report, primary);
        var lag = role == Role.PRIMARY ? ReplicationLag.NONE : ReplicationLag.of(report, samples);
        return new NodeState(
                health.node(),
                health.up(),
                role,
                role == Role.STANDBY && follows(health, report, primary),
                report.timeline(),
                report.receiveLsn(),
                report.replayLsn(),
                lag.bytes(),
                lag.millis(),
                role == Role.STANDBY && !primarys.equals(RoleSettings.UNKNOWN)
                        ? RoleSettings.Difference.between(report.roleSettings(), primarys)
                        : null);
    }

    /// A node that claims to be primary and did not win is UNKNOWN: it gets neither writes nor reads.
    private Role role(NodeHealth health, NodeReport report, @Nullable Node primary) {
        if (health.node().equals(primary)) return Role.PRIMARY;
        var stranger = leadership.systemIdentifier() != 0 && report.systemIdentifier() != leadership.systemIdentifier();
        return report.inRecovery() && !stranger ? Role.STANDBY : Role.UNKNOWN;
    }

    /// A standby that streams an older timeline follows somebody who is primary no more. One unanswered
    /// probe is enough to send no reads.
    private boolean follows(NodeHealth health, NodeReport report, @Nullable Node primary) {
        var current = primary == null || report.timeline() == leadership.timeline();
        var silent = health.failure() != null && health.failure().kind() != ProbeFailure.Kind.REJECTED;
        return report.streaming() && current && !silent;
    }
}
