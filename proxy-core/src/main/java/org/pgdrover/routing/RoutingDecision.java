package org.pgdrover.routing;

import org.pgdrover.cluster.Node;

/// A decision about where a batch goes, and why.
public sealed interface RoutingDecision {
    RoutingReason reason();

    /// To whichever node is the primary when it is sent.
    record ToPrimary(RoutingReason reason) implements RoutingDecision {}

    record ToStandby(Node node, RoutingReason reason) implements RoutingDecision {}
}
