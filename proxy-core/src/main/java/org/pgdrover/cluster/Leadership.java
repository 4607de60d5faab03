package org.pgdrover.cluster;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The belief about who may be primary. It only ever moves to higher timelines, and that is the fence.
///
/// PostgreSQL starts a new timeline with each promotion, so an old primary that comes back, or a second
/// one, shows a lower timeline than has been seen and is refused for good.
///
/// @param systemIdentifier the cluster's, fixed by the first primary; 0 before
/// @param timeline the highest one seen
/// @param owner the node that was primary on it, or null
/// @param fencedThrough claims on this timeline or a lower one are refused whoever makes them; 0 is none
record Leadership(
        long systemIdentifier, int timeline, @Nullable Node owner, int fencedThrough) {
    static final Leadership NONE = new Leadership(0, 0, null, 0);

    /// The outcome of one look at all nodes.
    ///
    /// @param primary the one node that may be written to, or null
    /// @param refusals a sentence for each node that is not taken for what it says it is
    record Election(Leadership next, @Nullable Node primary, List<String> refusals) {
        Election {
            refusals = List.copyOf(refusals);
        }
    }

    Leadership fencedThrough(int bound) {
        return new Leadership(systemIdentifier, timeline, owner, bound);
    }

    Election elect(List<NodeHealth> nodes) {
        var refusals = new ArrayList<String>();
        var identifier = systemIdentifier != 0 ? systemIdentifier : commonIdentifier(nodes);
        var known = nodes.stream()
                .filter(node -> belongs(node, identifier, refusals))
                .toList();
        var highest = Math.max(
                timeline, known.stream().mapToInt(Leadership::timelineOf).max().orElse(0));
        var claims = known.stream().filter(node -> claims(node) && node.up()).toList();
        var viable =
                claims.stream().filter(node -> mayLead(node, highest, refusals)).toList();
        var winner = winner(viable, known, refusals);
        if (winner == null) return new Election(seen(highest), null, refusals);
        return new Election(new Leadership(identifier, highest, winner, fencedThrough), winner, refusals);
    }

    /// The nodes' timelines alone: nobody owns a timeline that only standbys have shown so far.
    private Leadership seen(int highest) {
        return new Leadership(systemIdentifier, highest, highest == timeline ? owner : null, fencedThrough);
    }

    private boolean mayLead(NodeHealth claim, int highest, List<String> refusals) {
        var own = timelineOf(claim);
        if (own < highest) {
            refusals.add(claim.node() + " says that it is primary on timeline " + own + ", but timeline " + highest
                    + " exists (expected: a standby); stop it and let it rejoin with pg_rewind");
            return false;
        }
        if (own <= fencedThrough) {
            refusals.add(
                    claim.node() + " came back as primary on timeline " + own + " during a failover and is refused");
            return false;
        }
        if (own == timeline && owner != null && !owner.equals(claim.node())) {
            refusals.add(claim.node() + " says that it is primary on timeline " + own + ", which is that of " + owner
                    + " (expected: a new timeline, made by pg_promote())");
            return false;
        }
        return true;
    }

    private static @Nullable Node winner(List<NodeHealth> viable, List<NodeHealth> all, List<String> refusals) {
        if (viable.isEmpty()) return null;
        if (viable.size() == 1) return viable.getFirst().node();
        var byFollowers = viable.stream()
                .sorted(Comparator.comparingLong((NodeHealth node) -> -followers(node.node(), all)))
                .toList();
        var first = byFollowers.getFirst().node();
        var second = byFollowers.get(1).node();
        if (followers(first, all) > followers(second, all)) {
            refusals.add(second + " says that it is primary on the same timeline as " + first
                    + ", which more standbys follow; stop one of them");
            return first;
        }
        refusals.add(first + " and " + second + " both say that they are primary on the same timeline"
                + ", and nothing tells which is right; stop one of them");
        return null;
    }

    private static long followers(Node node, List<NodeHealth> all) {
        return all.stream()
                .map(NodeHealth::report)
                .filter(Objects::nonNull)
                .map(NodeReport::receiver)
                .filter(receiver -> receiver != null && receiver.streaming() && receiver.receivesFrom(node))
                .count();
    }

    private static boolean belongs(NodeHealth health, long identifier, List<String> refusals) {
        var report = health.report();
        if (report == null) return false;
        if (report.systemIdentifier() == identifier) return true;
        refusals.add(health.node() + " has system identifier " + report.systemIdentifier() + " (expected: " + identifier
                + ", the cluster's); it belongs to another cluster, take it off the node list");
        return false;
    }

    private static boolean claims(NodeHealth health) {
        return health.report() != null && !health.report().inRecovery();
    }

    private static int timelineOf(NodeHealth health) {
        return health.report() == null ? 0 : health.report().timeline();
    }

    /// The identifier that most nodes have; of equally many the one of the first node.
    private static long commonIdentifier(List<NodeHealth> nodes) {
        var identifiers = nodes.stream()
                .map(NodeHealth::report)
                .filter(Objects::nonNull)
                .map(NodeReport::systemIdentifier)
                .toList();
        var counts = identifiers.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        var most = counts.values().stream().mapToLong(Long::longValue).max().orElse(0);
        return identifiers.stream()
                .filter(each -> counts.getOrDefault(each, 0L) == most)
                .findFirst()
                .orElse(0L);
    }
}
