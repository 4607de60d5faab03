package org.pgdrover.frontend.login;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.RoleSettings;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.pool.PoolRegistry;

/// Sees to it that new clients begin, or are refused, as roles, databases and their settings are now.
///
/// Each probe of a node tells what holds there. When that has changed, the server connections of whom it
/// concerns are closed as soon as nobody works with them, and what clients were welcomed with is
/// forgotten. A change made through the proxy is looked for at once, and logins wait
/// until it has been seen.
public final class SessionDefaults implements TopologyListener {
    private final Function<Node, RoleSettings> seen;
    private final Supplier<? extends CompletionStage<?>> look;
    private final PoolRegistry pools;
    private final WelcomeCache welcomes;
    // Confined to the thread that tells of the topology.
    private final Map<Node, RoleSettings> known = new HashMap<>();
    private volatile CompletableFuture<?> settled = CompletableFuture.completedFuture(null);

    /// @param seen by the last probe of a node
    /// @param look probes the primary; done when this object has been told what the probe has seen
    public SessionDefaults(
            Function<Node, RoleSettings> seen,
            Supplier<? extends CompletionStage<?>> look,
            PoolRegistry pools,
            WelcomeCache welcomes) {
        this.seen = seen;
        this.look = look;
        this.pools = pools;
        this.welcomes = welcomes;
    }

    @Override
    public void onTopology(ClusterTopology previous, ClusterTopology current) {
        for (var state : current.nodes()) {
            var now = seen.apply(state.node());
            var before = known.getOrDefault(state.node(), RoleSettings.UNKNOWN);
            if (!now.equals(RoleSettings.UNKNOWN) && !now.version().equals(before.version()))
                changed(state.node(), before, now);
        }
    }

    private void changed(Node node, RoleSettings before, RoleSettings now) {
        known.put(node, now);
        pools.renew(node.name(), target -> !now.beginAlike(before, target.database(), target.user()), now.knownNanos());
        welcomes.forget();
    }

    /// A statement has been answered that may have changed something; to be called before the client
    /// hears the answer, on any thread.
    public synchronized void mayHaveChanged() {
        settled = CompletableFuture.allOf(
                settled, look.get().toCompletableFuture().exceptionally(_ -> null));
    }

    /// Done when every change that was made through the proxy before now has been seen, or could not be
    /// looked for.
    CompletableFuture<?> settled() {
        return settled;
    }

    WelcomeCache welcomes() {
        return welcomes;
    }
}
