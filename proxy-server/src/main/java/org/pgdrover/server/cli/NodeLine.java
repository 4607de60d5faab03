package org.pgdrover.server.cli;

import java.util.Locale;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;

/// One node's state in one line for people.
final class NodeLine {
    private NodeLine() {}

    static String of(NodeState state) {
        var node = state.node();
        return String.format(
                Locale.ROOT,
                "%-6s %-22s %-5s %-8s %-13s %s",
                node.name(),
                node.endpoint(),
                state.up() ? "up" : "down",
                state.role().name().toLowerCase(Locale.ROOT),
                state.role() == Role.STANDBY ? state.streaming() ? "streaming" : "not streaming" : "",
                lag(state));
    }

    private static String lag(NodeState state) {
        if (state.role() != Role.STANDBY || !state.up()) return "";
        if (state.lagMillis() == Long.MAX_VALUE) return "lag unknown";
        return "lag " + state.lagMillis() + " ms, " + state.lagBytes() + " bytes";
    }
}
