package org.pgdrover.routing;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.routing.RoutingDecision.ToPrimary;
import org.pgdrover.routing.RoutingDecision.ToStandby;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// The judge of where a batch outside a transaction goes, and of what its statements may leave behind.
///
/// To a standby goes only what is proved to be a read, and only to a standby that shows the session what
/// it must see; all else goes to the primary. Used by every event loop at once; without locks, and
/// without garbage in the steady state.
public final class Router {
    private final RoutingConfig config;
    private final TopologySource topology;
    private final FunctionCatalog catalogs;
    private final Judgement judgement;
    private final StandbySelector selector;
    private final GlobalWrites globalWrites;
    private final LongSupplier clock;
    private final ToPrimary[] toPrimary;
    private final ToStandby[][] toStandby;

    public Router(RoutingConfig config, TopologySource topology, FunctionCatalog catalogs, LongSupplier clock) {
        this(
                config,
                topology,
                catalogs,
                clock,
                bound -> ThreadLocalRandom.current().nextInt(bound));
    }

    /// @param random gives a number from 0 to below its argument, each alike often
    public Router(
            RoutingConfig config,
            TopologySource topology,
            FunctionCatalog catalogs,
            LongSupplier clock,
            IntUnaryOperator random) {
        this.config = config;
        this.topology = topology;
        this.catalogs = catalogs;
        this.judgement = new Judgement(config, catalogs);
        this.clock = clock;
        this.selector = new StandbySelector(config, topology, random);
        this.globalWrites = new GlobalWrites(clock.getAsLong());
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

    public RoutingSession newSession(String database, String user) {
        return new RoutingSession(database, user, globalWrites);
    }

    // What a statement leaves

    /// What a statement may leave in its server's session, by its text and by what the catalog says of
    /// the names in it.
    public Residues residues(QueryClass query, RoutingSession session) {
        return withLocals(query, session).without(Residue.LOCAL_SETTINGS);
    }

    /// The same, with what ends with the transaction.
    public Residues withLocals(QueryClass query, RoutingSession session) {
        return judgement.verdict(query, session).residues();
    }

    /// Whether a statement may show run-time parameters by what it calls and reads.
    public boolean showsSettings(QueryClass query, RoutingSession session) {
        return judgement.showsSettings(query, session);
    }

    /// Whether a statement may use, or change, what sequences have given in its session.
    public boolean usesSequences(QueryClass query, RoutingSession session) {
        return judgement.verdict(query, session).usesSequences();
    }

    /// Whether a statement may prepare or deallocate statements by a function that it calls.
    public boolean mayDeallocate(QueryClass query, RoutingSession session) {
        return judgement.verdict(query, session).mayDeallocate();
    }

    /// A statement has succeeded. If it was a definition, what it may have given another meaning is
    /// unknown from now on.
    public void ran(QueryClass query, RoutingSession session) {
        for (var part : query.parts()) ran(part, session);
        if (!query.parts().isEmpty()) return;
        var kind = Definition.of(query);
        if (kind.isSeenByOthers(query)) defined(query, session);
    }

    private void defined(QueryClass definition, RoutingSession session) {
        session.defined(definition);
        catalogs.defined(session.database(), definition);
    }

    /// Statements are sent that may define something, or commit what the session has defined.
    ///
    /// @return to be run when they are answered, or lost; null if they do neither
    public @Nullable Runnable sends(List<QueryClass> batch, boolean commits, RoutingSession session) {
        var all = Definition.among(batch);
        if (commits) all.addAll(session.definitions());
        return all.isEmpty() ? null : catalogs.underWay(session.database(), all);
    }

    /// A statement that nobody has read has succeeded, and the server says that it was a definition.
    public void hasDefined(RoutingSession session) {
        session.definedUnread();
        catalogs.refresh(session.database());
    }

    /// A transaction has ended, so that everybody sees now what was defined in it.
    public void transactionEnded(RoutingSession session) {
        if (!session.hasDefined() && !session.hasDefinedMore()) return;
        if (session.hasDefinedMore()) catalogs.refresh(session.database());
        for (var definition : session.takeDefinitions()) catalogs.defined(session.database(), definition);
    }

    // Where a batch goes

    /// A read waits for a standby that is up to date: how far the standbys have come is looked for at
    /// once.
    public void look() {
        topology.sampleSoon();
    }

    /// @param batch the classes of all that the batch runs; the most demanding one decides
    public RoutingDecision route(List<QueryClass> batch, RoutingSession session) {
        var hindrance = hindrance(batch, session);
        if (hindrance != null) return toPrimary[hindrance.ordinal()];
        boolean transaction = batch.getFirst().transaction() == TransactionEffect.BEGIN_READ_ONLY;
        // A type or an operator that the session has just made is in no list of names: what was written must be there.
        boolean bound = session.hasEverDefined() && session.hasUnsampled();
        boolean anywhere = !transaction && !bound && namesNothing(batch);
        return choose(session, transaction, anywhere);
    }

    /// Where a transaction goes that the client has begun, and of which this is the first batch.
    ///
    /// @param readOnly whether the transaction was begun READ ONLY
    public RoutingDecision routeTransaction(boolean readOnly, List<QueryClass> first, RoutingSession session) {
        if (!readOnly) return toPrimary[RoutingReason.TRANSACTION.ordinal()];
        var hindrance = first.isEmpty() ? RoutingReason.PROTOCOL : hindranceWithin(first, 0, session);
        if (hindrance == null && !config.loadBalance()) hindrance = RoutingReason.LOAD_BALANCE_OFF;
        return hindrance == null ? choose(session, true, false) : toPrimary[hindrance.ordinal()];
    }

    /// Whether all of these are proved to be reads, so that they change nothing wherever they run.
    public boolean areReads(List<QueryClass> batch, RoutingSession session) {
        for (int i = 0; i < batch.size(); i++) {
            var each = batch.get(i);
            if (each.access() != Access.READ || judgement.hindrance(each, session) != null) return false;
        }
        return !batch.isEmpty();
    }

    /// Why statements of a READ ONLY transaction may not run on a standby; null if they may.
    private @Nullable RoutingReason hindranceWithin(List<QueryClass> batch, int from, RoutingSession session) {
        for (int i = from; i < batch.size(); i++) {
            var reason = hindranceWithin(batch.get(i), session);
            if (reason != null) return reason;
        }
        return null;
    }

    private @Nullable RoutingReason hindranceWithin(QueryClass query, RoutingSession session) {
        return switch (query.access()) {
            case READ -> judgement.hindrance(query, session);
            case EMPTY -> null;
            case WRITE -> {
                // A cursor over a read is one too.
                boolean reads = query.statement().equals("DECLARE")
                        && query.reason().isEmpty()
                        && query.session() == SessionEffect.NONE;
                yield reads ? judgement.hindrance(query, session) : RoutingReason.WRITE;
            }
            case SESSION -> setsOne(query.session()) ? null : RoutingReason.SESSION;
            case TRANSACTION -> {
                boolean inside = query.transaction() == TransactionEffect.INSIDE
                        && query.reason().isEmpty()
                        && (query.session() == SessionEffect.NONE
                                || query.session() instanceof SessionEffect.SetLocally
                                || query.session() instanceof SessionEffect.ResetLocally);
                boolean ends = query.transaction() == TransactionEffect.COMMIT
                        || query.transaction() == TransactionEffect.ROLLBACK;
                yield inside || ends ? null : RoutingReason.TRANSACTION;
            }
        };
    }

    /// Settings that only a primary can have make the difference between a primary and a standby.
    private static boolean setsOne(SessionEffect effect) {
        return effect instanceof SessionEffect.SetParameter(var name, var _) && !name.contains("transaction_");
    }

    private static boolean namesNothing(List<QueryClass> batch) {
        for (int i = 0; i < batch.size(); i++) if (!batch.get(i).namesNothing()) return false;
        return true;
    }

    /// Why the batch may not leave the primary, whatever the standbys are like; null if it may.
    private @Nullable RoutingReason hindrance(List<QueryClass> batch, RoutingSession session) {
        if (batch.isEmpty()) return RoutingReason.PROTOCOL;
        boolean readOnly = batch.getFirst().transaction() == TransactionEffect.BEGIN_READ_ONLY;
        var reason = readOnly ? hindranceWithin(batch, 1, session) : hindranceOutside(batch, session);
        if (reason != null) return reason;
        if (session.pinned() != null) return RoutingReason.PINNED;
        return config.loadBalance() ? null : RoutingReason.LOAD_BALANCE_OFF;
    }

    private @Nullable RoutingReason hindranceOutside(List<QueryClass> batch, RoutingSession session) {
        for (int i = 0; i < batch.size(); i++) {
            var query = batch.get(i);
            var reason = switch (query.access()) {
                case READ -> judgement.hindrance(query, session);
                case EMPTY -> null;
                case WRITE -> RoutingReason.WRITE;
                case SESSION -> RoutingReason.SESSION;
                case TRANSACTION -> RoutingReason.TRANSACTION;
            };
            if (reason != null) return reason;
        }
        return null;
    }

    private RoutingDecision choose(RoutingSession session, boolean transaction, boolean anywhere) {
        var now = topology.topology();
        long time = clock.getAsLong();
        session.enterTerm(now.term(), time);
        // Without a standby nobody needs to know how far the primary is.
        if (!selector.isAnyEligible(now)) return draw(now, session, 0, time, transaction);
        if (anywhere) {
            // It shows no data, so no standby is too old for it; but it must not change which standby the session reads
            // from.
            var last = session.standby();
            long own = session.hasEverDefined() ? session.floor() : 0;
            if (last == null) return draw(now, session, own, time, false);
            if (selector.serves(now.state(last), own, session)) return standby(last, false);
        }
        long floor = settleFloor(session);
        if (floor < 0) return toPrimary[RoutingReason.READ_YOUR_WRITES.ordinal()];
        var kept = session.standby();
        if (kept != null && selector.keeps(session, time) && selector.serves(now.state(kept), floor, session))
            return standby(kept, transaction);
        long switching = switchingFloor(session, floor);
        if (switching < 0) {
            if (kept != null && selector.serves(now.state(kept), floor, session)) return standby(kept, transaction);
            return toPrimary[RoutingReason.READ_YOUR_WRITES.ordinal()];
        }
        return draw(now, session, switching, time, transaction);
    }

    private RoutingDecision draw(
            ClusterTopology now, RoutingSession session, long floor, long time, boolean transaction) {
        var drawn = selector.draw(now, floor, session);
        if (drawn == null) return toPrimary[whyNone(now).ordinal()];
        if (drawn == now.primary()) return toPrimary[RoutingReason.PRIMARYS_SHARE.ordinal()];
        session.drew(drawn, time);
        return standby(drawn, transaction);
    }

    private ToStandby standby(Node node, boolean transaction) {
        return toStandby[node.index()][transaction ? 1 : 0];
    }

    /// Settles which position a standby must have replayed for this session; -1 while the primary has not
    /// been sampled since.
    private long settleFloor(RoutingSession session) {
        return switch (config.consistency()) {
            case EVENTUAL, BOUNDED -> 0;
            case SESSION -> settleSessionFloor(session);
            case GLOBAL -> {
                long own = settleSessionFloor(session);
                long all = topology.insertPositionSampledAfter(globalWrites.lastNanos());
                yield own < 0 || all < 0 ? -1 : Math.max(own, all);
            }
        };
    }

    private long settleSessionFloor(RoutingSession session) {
        if (session.hasUnsampled()) {
            long position = topology.insertPositionSampledAfter(session.unsampledNanos());
            if (position < 0) return -1;
            session.sampled(position);
        }
        return session.floor();
    }

    /// The same for a standby other than the one read last: it must show at least what that one has
    /// shown.
    private long switchingFloor(RoutingSession session, long floor) {
        boolean monotonic = config.consistency() == Consistency.SESSION || config.consistency() == Consistency.GLOBAL;
        if (!monotonic || session.standby() == null || !session.hasRead()) return floor;
        long position = topology.insertPositionSampledAfter(session.lastReadNanos());
        return position < 0 ? -1 : Math.max(floor, position);
    }

    private RoutingReason whyNone(ClusterTopology now) {
        var why = RoutingReason.NO_STANDBY;
        var nodes = now.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            var state = nodes.get(i);
            if (!state.servesStandbyReads() || state.node().weight() == 0) continue;
            if (selector.isEligible(state)) return RoutingReason.READ_YOUR_WRITES;
            why = RoutingReason.LAG;
        }
        return why;
    }
}
