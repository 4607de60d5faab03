package org.pgdrover.routing;

import org.pgdrover.cluster.Node;

public sealed interface RoutingDecision {
    record ToPrimary(RoutingReason reason) implements RoutingDecision {}

    record ToStandby(Node node, RoutingReason reason) implements RoutingDecision {}
}
