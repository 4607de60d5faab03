package org.pgdrover.cluster;

import org.jspecify.annotations.Nullable;

/// The findings of a node's probes so far.
///
/// @param up whether it counts as serving
/// @param report its last answer, which outlives later failures; null before the first one
/// @param failures failed probes in a row
/// @param repeated of these the last ones that were of the present kind
/// @param failure why the last probe failed, or null if it did not
/// @param failingSinceNanos when the first probe of the present row of failures was sent; only of
/// meaning with a failure
public record NodeHealth(
        Node node,
        boolean up,
        @Nullable NodeReport report,
        int failures,
        int repeated,
        @Nullable ProbeFailure failure,
        long failingSinceNanos) {
    static NodeHealth unknown(Node node) {
        return new NodeHealth(node, false, null, 0, 0, null, 0);
    }

    /// Whether a probe has ended yet, with whatever result.
    boolean observed() {
        return report != null || failures > 0;
    }

    NodeHealth answered(NodeReport answer) {
        return new NodeHealth(node, true, answer, 0, 0, null, 0);
    }

    /// A probe failed. A port that refuses or a connection that ends is certain knowledge and counts at
    /// once; silence has to last for `health.failures` probes; a node that answers with an error is
    /// alive, and stays what it was.
    NodeHealth failed(ProbeFailure why, long startedNanos, int tolerated) {
        var count = failures + 1;
        var still = up && !why.kind().certain() && (why.kind() == ProbeFailure.Kind.REJECTED || count < tolerated);
        var again = failure != null && failure.kind() == why.kind();
        return new NodeHealth(
                node,
                still,
                report,
                count,
                again ? repeated + 1 : 1,
                why,
                failures == 0 ? startedNanos : failingSinceNanos);
    }
}
