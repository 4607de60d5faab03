package org.pgdrover.failover;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.HealthMonitor;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.postgresql.replication.LogSequenceNumber;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Points the standbys that do not follow a promoted primary at it, also those that come back later.
///
/// [#look] is confined to the coordinator's thread; each standby is worked on by a virtual thread, by
/// one at a time.
final class FollowerRepair {
    private static final Logger log = LoggerFactory.getLogger(FollowerRepair.class);
    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final Duration AGAIN_AFTER = Duration.ofSeconds(30);
    private static final long SAID = Long.MIN_VALUE;
    private static final Duration POLL = Duration.ofMillis(100);

    private final HealthMonitor monitor;
    private final LongSupplier clock;
    private final StandbyCommands commands;
    private final Runnable done;
    private final Set<Node> busy = ConcurrentHashMap.newKeySet();
    private final Map<Node, Long> straysSince = new HashMap<>();
    private final Map<Node, Long> lastTry = new HashMap<>();
    private @Nullable Promoted warned;

    /// @param done called after each standby, on any thread
    FollowerRepair(HealthMonitor monitor, StandbyCommands commands, Runnable done) {
        this.monitor = monitor;
        this.clock = monitor.clock();
        this.commands = commands;
        this.done = done;
    }

    /// A primary that was promoted here, and where its timeline branched off.
    record Promoted(Node node, long forkLsn, long sinceNanos) {}

    /// The standbys that are being worked on.
    Set<Node> busy() {
        return Set.copyOf(busy);
    }

    /// Starts on every standby that answers and does not stream.
    void look(Promoted primary, ClusterTopology topology) {
        warnOfSync(primary);
        for (var state : topology.nodes()) {
            if (strays(state) && dueAgain(state.node()) && busy.add(state.node())) start(primary, state.node());
        }
    }

    /// Says once that a new primary waits for synchronous standbys that it does not have: its commits
    /// hang.
    private void warnOfSync(Promoted primary) {
        var report = monitor.health(primary.node()).report();
        if (report == null) return;
        var waits = !report.inRecovery()
                && !report.synchronousStandbyNames().isBlank()
                && report.syncStandbys().isEmpty();
        if (!waits || primary.equals(warned) || clock.getAsLong() - primary.sinceNanos() < BOUND.toNanos()) return;
        warned = primary;
        log.atWarn()
                .addKeyValue("primary", primary.node())
                .addKeyValue("synchronous_standby_names", report.synchronousStandbyNames())
                .log(
                        "no standby is synchronous, so commits on the new primary wait; start one that is named, or change the setting");
    }

    /// Says once which standbys do not follow a primary that somebody else has put in place: they are
    /// that somebody's to point at it.
    void advise(Node primary, ClusterTopology topology) {
        for (var state : topology.nodes()) {
            if (!strays(state)) straysSince.remove(state.node());
            else if (straysTooLong(state.node()))
                log.atWarn()
                        .addKeyValue("node", state.node())
                        .addKeyValue("primary", primary)
                        .addKeyValue("timeline", state.timeline())
                        .log(
                                "standby does not stream from the primary and gets no reads; if it follows another server, point"
                                        + " primary_conninfo at the primary with ALTER SYSTEM and SELECT pg_reload_conf()");
        }
    }

    /// True exactly once for each time that a standby strays.
    private boolean straysTooLong(Node node) {
        var now = clock.getAsLong();
        var since = straysSince.computeIfAbsent(node, _ -> now);
        if (since == SAID || now - since < AGAIN_AFTER.toNanos()) return false;
        straysSince.put(node, SAID);
        return true;
    }

    /// After a new promotion everybody may be tried at once.
    void startOver() {
        lastTry.clear();
    }

    private static boolean strays(NodeState state) {
        return state.up() && state.role() == Role.STANDBY && !state.streaming();
    }

    private boolean dueAgain(Node node) {
        var now = clock.getAsLong();
        var last = lastTry.get(node);
        if (last != null && now - last < AGAIN_AFTER.toNanos()) return false;
        lastTry.put(node, now);
        return true;
    }

    private void start(Promoted primary, Node standby) {
        Thread.ofVirtual().name("repoint-" + standby.name()).start(() -> {
            try {
                repoint(primary, standby);
            } catch (SQLException | RuntimeException e) {
                warn(primary, standby, String.valueOf(e.getMessage()));
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } finally {
                busy.remove(standby);
                done.run();
            }
        });
    }

    private void repoint(Promoted primary, Node standby) throws SQLException, InterruptedException {
        if (isAhead(primary, standby)) return;
        var did = commands.follow(standby, primary.node(), relays(standby));
        log.atInfo()
                .addKeyValue("node", standby)
                .addKeyValue("primary", primary.node())
                .addKeyValue("after", elapsed(primary))
                .log("standby pointed at the new primary: {}", did);
        if (awaitStreaming(standby)) {
            log.atInfo()
                    .addKeyValue("node", standby)
                    .addKeyValue("primary", primary.node())
                    .addKeyValue("after", elapsed(primary))
                    .log("standby follows the new primary");
            return;
        }
        warn(primary, standby, "it does not stream within " + BOUND.toSeconds() + " s; its server log says why");
    }

    private boolean isAhead(Promoted primary, Node standby) {
        var replayed = monitor.replayLsn(standby);
        if (replayed <= primary.forkLsn()) return false;
        warn(
                primary,
                standby,
                "it has replayed " + LogSequenceNumber.valueOf(replayed) + " (expected: <= "
                        + LogSequenceNumber.valueOf(primary.forkLsn())
                        + ", where the new timeline begins) and cannot follow; rejoin it with pg_rewind");
        return true;
    }

    private Elapsed elapsed(Promoted primary) {
        return Elapsed.between(primary.sinceNanos(), clock.getAsLong());
    }

    private List<Node> relays(Node standby) {
        var relays = new ArrayList<Node>();
        for (var state : monitor.topology().nodes()) {
            if (!state.node().equals(standby) && state.servesStandbyReads()) relays.add(state.node());
        }
        return relays;
    }

    private boolean awaitStreaming(Node standby) throws InterruptedException {
        var begun = clock.getAsLong();
        while (clock.getAsLong() - begun < BOUND.toNanos()) {
            refresh(standby);
            if (monitor.topology().state(standby).servesStandbyReads()) return true;
            Thread.sleep(POLL);
        }
        return false;
    }

    private void refresh(Node node) throws InterruptedException {
        try {
            monitor.refresh(node).get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.atDebug().addKeyValue("node", node).setCause(e).log("probe did not end");
        }
    }

    private void warn(Promoted primary, Node standby, String why) {
        log.atWarn()
                .addKeyValue("node", standby)
                .addKeyValue("primary", primary.node())
                .addKeyValue("after", elapsed(primary))
                .addKeyValue("reason", why)
                .log("standby does not follow the new primary and gets no reads");
    }
}
