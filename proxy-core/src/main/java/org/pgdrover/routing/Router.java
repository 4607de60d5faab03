package org.pgdrover.routing;

import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.routing.RoutingDecision.ToPrimary;
import org.pgdrover.routing.RoutingDecision.ToStandby;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/**
 * Decides where a batch outside a transaction goes: to a standby only what is proved to be a read, and only to a standby that shows the session
 * what it must see; all else to the primary.
 *
 * <p>Used by every event loop at once; without locks, and without garbage in the steady state.
 */
public final class Router {
    private final RoutingConfig config;
    private final TopologySource topology;
    private final FunctionCatalog functions;
    private final StandbySelector selector;
    private final GlobalWrites globalWrites = new GlobalWrites();
    private final LongSupplier clock;
    private final ToPrimary[] toPrimary;
    private final ToStandby[][] toStandby;

    public Router(RoutingConfig config, TopologySource topology, FunctionCatalog functions, LongSupplier clock) {
        this.config = config;
        this.topology = topology;
        this.functions = functions;
        this.clock = clock;
        this.selector = new StandbySelector(config, topology);
        var reasons = RoutingReason.values();
        toPrimary = new ToPrimary[reasons.length];
        for (var reason : reasons) toPrimary[reason.ordinal()] = new ToPrimary(reason);
        var nodes = topology.topology().nodes();
        toStandby = new ToStandby[nodes.size()][];
        for (var state : nodes)
            toStandby[state.node().index()] = new ToStandby[] {
                new ToStandby(state.node(), RoutingReason.READ),
                new ToStandby(state.node(), RoutingReason.READ_ONLY_TRANSACTION)
            };
    }

    public RoutingSession newSession(String database) {
        return new RoutingSession(database, globalWrites);
    }

    /** @param batch the classes of all that the batch runs; the most demanding one decides */
    public RoutingDecision route(List<QueryClass> batch, RoutingSession session) {
        var hindrance = hindrance(batch, session);
        if (hindrance != null) return toPrimary[hindrance.ordinal()];
        return choose(session, batch.getFirst().transaction() == TransactionEffect.BEGIN_READ_ONLY);
    }

    /** What a statement may leave in its server's session, or take away from it. */
    public Residues residues(QueryClass query, RoutingSession session) {
        return SessionEffect.residues(query.session());
    }

    /** Why the batch may not leave the primary, whatever the standbys are like; null if it may. */
    private @Nullable RoutingReason hindrance(List<QueryClass> batch, RoutingSession session) {
        if (batch.isEmpty()) return RoutingReason.PROTOCOL;
        for (int i = 0; i < batch.size(); i++) {
            var reason = hindrance(batch.get(i), session, batch.size() == 1);
            if (reason != null) return reason;
        }
        if (session.pinned() != null) return RoutingReason.PINNED;
        return config.loadBalance() ? null : RoutingReason.LOAD_BALANCE_OFF;
    }

    private @Nullable RoutingReason hindrance(QueryClass query, RoutingSession session, boolean alone) {
        return switch (query.access()) {
            case READ -> functionHindrance(query.functions(), session.database());
            case EMPTY -> null;
            case WRITE -> RoutingReason.WRITE;
            case SESSION -> RoutingReason.SESSION;
            case TRANSACTION ->
                alone && query.transaction() == TransactionEffect.BEGIN_READ_ONLY ? null : RoutingReason.TRANSACTION;
        };
    }

    private @Nullable RoutingReason functionHindrance(List<String> names, String database) {
        if (names.isEmpty()) return null;
        var known = functions.of(database);
        for (int i = 0; i < names.size(); i++) {
            var name = names.get(i);
            if (config.writeFunctions().contains(name)) return RoutingReason.WRITE_FUNCTION;
            if (config.readFunctions().contains(name)) continue;
            switch (known.volatility(name)) {
                case STEADY -> {}
                case VOLATILE -> {
                    return RoutingReason.VOLATILE_FUNCTION;
                }
                case UNKNOWN -> {
                    return known.size() == 0 ? RoutingReason.CATALOG_NOT_READ : RoutingReason.UNKNOWN_FUNCTION;
                }
            }
        }
        return null;
    }

    private RoutingDecision choose(RoutingSession session, boolean transaction) {
        var now = topology.topology();
        long time = clock.getAsLong();
        session.enterTerm(now.term(), time);
        long floor = floor(session);
        if (floor < 0) return toPrimary[RoutingReason.READ_YOUR_WRITES.ordinal()];
        var kept = session.standby();
        if (kept != null && selector.keeps(session, time) && serves(now.state(kept), floor))
            return standby(kept, transaction);
        long switching = switchingFloor(session, floor);
        if (switching < 0) {
            if (kept != null && serves(now.state(kept), floor)) return standby(kept, transaction);
            return toPrimary[RoutingReason.READ_YOUR_WRITES.ordinal()];
        }
        return draw(now, session, switching, time, transaction);
    }

    private RoutingDecision draw(
            ClusterTopology now, RoutingSession session, long floor, long time, boolean transaction) {
        var drawn = selector.draw(now, floor);
        if (drawn == null) return toPrimary[whyNone(now).ordinal()];
        if (drawn == now.primary()) return toPrimary[RoutingReason.PRIMARYS_SHARE.ordinal()];
        session.drew(drawn, time);
        return standby(drawn, transaction);
    }

    private ToStandby standby(Node node, boolean transaction) {
        return toStandby[node.index()][transaction ? 1 : 0];
    }

    private boolean serves(NodeState state, long floor) {
        return selector.isEligible(state) && topology.replayLsn(state.node()) >= floor;
    }

    /** The position that a standby must have replayed for this session; -1 while the primary has not been sampled since. */
    private long floor(RoutingSession session) {
        return switch (config.consistency()) {
            case EVENTUAL, BOUNDED -> 0;
            case SESSION -> sessionFloor(session);
            case GLOBAL -> {
                long own = sessionFloor(session);
                long all = topology.insertPositionSampledAfter(globalWrites.lastNanos());
                yield own < 0 || all < 0 ? -1 : Math.max(own, all);
            }
        };
    }

    private long sessionFloor(RoutingSession session) {
        if (session.hasUnsampledWrite()) {
            long position = topology.insertPositionSampledAfter(session.lastWriteNanos());
            if (position < 0) return -1;
            session.sampled(position);
        }
        return session.floor();
    }

    /** The same for a standby other than the one read last: it must show at least what that one has shown. */
    private long switchingFloor(RoutingSession session, long floor) {
        boolean monotonic = config.consistency() == Consistency.SESSION || config.consistency() == Consistency.GLOBAL;
        if (!monotonic || session.standby() == null || session.lastReadNanos() == 0) return floor;
        long position = topology.insertPositionSampledAfter(session.lastReadNanos());
        return position < 0 ? -1 : Math.max(floor, position);
    }

    private RoutingReason whyNone(ClusterTopology now) {
        var why = RoutingReason.NO_STANDBY;
        for (var state : now.nodes()) {
            if (!state.servesStandbyReads() || state.node().weight() == 0) continue;
            if (selector.isEligible(state)) return RoutingReason.READ_YOUR_WRITES;
            why = RoutingReason.LAG;
        }
        return why;
    }
}
