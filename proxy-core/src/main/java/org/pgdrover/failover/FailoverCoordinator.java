package org.pgdrover.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.HealthMonitor;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.ProbeFailure;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.FailoverMode;
import org.pgdrover.failover.CandidateChoice.Choice;
import org.pgdrover.failover.StandbyCommands.Promotion;
import org.pgdrover.metrics.ProxyMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Replaces a lost primary by the best standby, or waits for somebody who does.
///
/// The gate is closed and opened on the monitor's thread, at once; everything else is decided and done
/// on one thread, the coordinator's, so that nothing is ever done twice at a time. [FailoverState] has
/// the diagram.
public final class FailoverCoordinator implements TopologyListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FailoverCoordinator.class);
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(250);
    private static final Duration BETWEEN_PROMOTIONS = Duration.ofSeconds(5);
    private static final Duration ORPHANED_AFTER = Duration.ofSeconds(10);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

    private final FailoverConfig settings;
    private final HealthMonitor monitor;
    private final LongSupplier clock;
    private final HoldGate gate;
    private final ProxyMetrics metrics;
    private final LossJudgement judgement;
    private final CandidateChoice choice;
    private final StandbyCommands commands;
    private final FollowerRepair repair;
    private final Duration probeBound;
    private final Semaphore news = new Semaphore(0);
    private final Thread thread;
    private volatile FailoverState state = new FailoverState.Starting();
    private volatile @Nullable PrimaryMemory memory;
    private volatile boolean closed;

    // Confined to the coordinator's thread.
    private @Nullable PrimaryLoss loss;
    private FollowerRepair.@Nullable Promoted promoted;
    private final long started;
    private long notBefore;
    private boolean orphaned;

    public FailoverCoordinator(
            ClusterConfig cluster,
            FailoverConfig settings,
            HealthMonitor monitor,
            HoldGate gate,
            ProxyMetrics metrics) {
        this.settings = settings;
        this.monitor = monitor;
        this.clock = monitor.clock();
        this.started = clock.getAsLong();
        this.notBefore = started;
        this.gate = gate;
        this.metrics = metrics;
        this.judgement = new LossJudgement(cluster.health());
        this.choice = new CandidateChoice(settings.maxDataLossBytes());
        this.commands =
                new StandbyCommands(monitor.connector(), cluster.health().timeout(), clock);
        this.repair = new FollowerRepair(monitor, commands, news::release);
        this.probeBound = cluster.health().timeout().multipliedBy(3).plusSeconds(1);
        this.thread = Thread.ofVirtual().name("failover").unstarted(this::run);
    }

    /// Begins to listen and to act; the monitor may have been started before or not.
    public void start() {
        monitor.listen(this);
        thread.start();
    }

    /// Where things stand, for the administration commands.
    public FailoverState state() {
        return state;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    /// Works the gate; a loss is known to the clients before anybody thinks about it.
    @Override
    public void onTopology(ClusterTopology previous, ClusterTopology current) {
        var primary = current.primary();
        if (primary == null) {
            shut();
        } else {
            memory = PrimaryMemory.next(memory, primary, monitor);
            gate.open();
        }
        if (primary == null || !primary.equals(previous.primary())) news.release();
    }

    private void shut() {
        var known = memory;
        var why = known == null ? "no primary has been found yet" : "the primary " + known.node() + " is lost";
        if (settings.mode() == FailoverMode.OFF && known != null) gate.refuse(why + " (failover.mode: off)");
        else gate.close(why);
    }

    private void run() {
        while (!closed) {
            try {
                var pause = step();
                var woken = news.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
                if (woken) news.drainPermits();
            } catch (InterruptedException _) {
                return;
            } catch (RuntimeException e) {
                if (!closed) log.atError().setCause(e).log("the failover coordinator failed and goes on");
            }
        }
    }

    /// Does what is to be done now, and says how long it may rest at most.
    private Duration step() throws InterruptedException {
        var topology = monitor.topology();
        var primary = topology.primary();
        if (primary != null) return watch(topology, primary);
        var known = memory;
        if (known == null) return awaitFirst();
        var current = loss;
        if (current == null) current = begin(known);
        return confirm(current);
    }

    /// Without having seen a primary nothing tells how much a standby lacks, nor that no primary is
    /// there.
    private Duration awaitFirst() {
        if (!orphaned && clock.getAsLong() - started > ORPHANED_AFTER.toNanos()) {
            orphaned = true;
            log.atWarn()
                    .log("no node is a usable primary, and this proxy promotes only in place of one that it has seen;"
                            + " start the primary, or promote a standby with SELECT pg_promote()");
        }
        return IDLE;
    }

    private Duration watch(ClusterTopology topology, Node primary) {
        if (loss != null) end(loss, primary);
        var own = promoted;
        if (own != null && own.node().equals(primary)) repair.look(own, topology);
        else repair.advise(primary, topology);
        var busy = repair.busy();
        state = busy.isEmpty() ? new FailoverState.Watching(primary) : new FailoverState.Repointing(primary, busy);
        return IDLE;
    }

    private PrimaryLoss begin(PrimaryMemory known) {
        var begun = new PrimaryLoss(known, clock);
        loss = begun;
        begun.warn("the primary does not serve us; new work is held", "mode " + settings.mode());
        return begun;
    }

    private void end(PrimaryLoss ended, Node primary) {
        var own = promoted;
        var ours = own != null && own.node().equals(primary) && own.sinceNanos() == ended.sinceNanos();
        var outcome = ours ? "promoted" : primary.equals(ended.node()) ? "returned" : "followed";
        var took = ended.elapsed();
        metrics.failover(outcome, took.duration());
        ended.info("failover is over, new work goes to " + primary, outcome);
        loss = null;
    }

    /// Acts only when the primary's own silence and the standbys' word agree.
    private Duration confirm(PrimaryLoss current) throws InterruptedException {
        var lost = monitor.health(current.node());
        var tooSoon = judgement.tooSoon(lost, clock.getAsLong());
        if (tooSoon.isPresent()) return waitFor(current, tooSoon.get());
        var others = refreshOthers(current.node());
        var objection = judgement.objection(current.memory(), lost, others);
        if (objection.isPresent()) {
            waitFor(current, objection.get());
            return rest();
        }
        return choose(current, others) ? IDLE : rest();
    }

    /// Waits deaf: asking the nodes has made news itself, which would wake us at once.
    private static Duration rest() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(LOOK_AGAIN.toNanos());
        return Duration.ZERO;
    }

    private Duration waitFor(PrimaryLoss current, String why) {
        state = new FailoverState.Confirming(current.node(), why);
        current.info("not promoting yet", why);
        return LOOK_AGAIN;
    }

    /// Whether a standby was told to become primary.
    private boolean choose(PrimaryLoss current, List<NodeHealth> others) throws InterruptedException {
        if (state instanceof FailoverState.Confirming) state = new FailoverState.Choosing(current.node());
        var lastInsert =
                Math.max(monitor.lastInsertPosition(), current.memory().report().insertLsn());
        return switch (choice.choose(current.memory(), lastInsert, others)) {
            case Choice.Nobody(var why) -> await(current, why);
            case Choice.Candidates(var nodes) -> {
                var forbidden = mayNotAct(nodes.getFirst());
                yield forbidden == null ? promoteOneOf(current, nodes) : await(current, forbidden);
            }
        };
    }

    private boolean await(PrimaryLoss current, String why) {
        state = new FailoverState.AwaitingOperator(current.node(), why);
        current.warn("the primary is lost and nothing is promoted", why);
        return false;
    }

    /// The one place that says whether this proxy may promote: why not, or null.
    private @Nullable String mayNotAct(Node best) {
        var advice = "; the best standby is " + best + ", promote it with SELECT pg_promote()";
        return switch (settings.mode()) {
            case OFF -> "failover.mode is off" + advice;
            case MANUAL -> "failover.mode is manual" + advice;
            case AUTOMATIC ->
                clock.getAsLong() - notBefore < 0 ? "the last attempt was a moment ago; waiting before the next" : null;
        };
    }

    private boolean promoteOneOf(PrimaryLoss current, List<Node> candidates) throws InterruptedException {
        if (!fence(current)) return false;
        var certain = true;
        for (var candidate : candidates) {
            state = new FailoverState.Promoting(current.node(), candidate);
            current.info("promoting " + candidate, "candidates, by received WAL: " + candidates);
            switch (commands.promote(candidate)) {
                case Promotion.Done(var forkLsn) -> {
                    succeed(current, candidate, forkLsn);
                    return true;
                }
                case Promotion.NotBegun(var why) -> current.warn("cannot promote " + candidate, why);
                case Promotion.Unknown(var why) -> {
                    certain = false;
                    current.warn("lost sight of " + candidate + " while it was being promoted", why);
                }
            }
        }
        fail(current, certain);
        return false;
    }

    /// From here on the old primary is not taken back, whatever it says; false if it is back already.
    ///
    /// One that refused is asked a last time, for that costs nothing; one that is silent is being asked
    /// all the time.
    private boolean fence(PrimaryLoss current) throws InterruptedException {
        var failure = monitor.health(current.node()).failure();
        var silent = failure != null && failure.kind() == ProbeFailure.Kind.NO_ANSWER;
        if (!silent) finish(monitor.refresh(current.node()));
        if (monitor.topology().primary() != null) return false;
        var fenced = finish(monitor.fenceThrough(current.memory().timeline()));
        return fenced != null && fenced.primary() == null;
    }

    private void succeed(PrimaryLoss current, Node primary, long forkLsn) throws InterruptedException {
        promoted = new FollowerRepair.Promoted(primary, forkLsn, current.sinceNanos());
        notBefore = clock.getAsLong() + BETWEEN_PROMOTIONS.toNanos();
        repair.startOver();
        current.info("promoted " + primary, "it is not in recovery any more");
        finish(monitor.refresh(primary));
        news.release();
    }

    private void fail(PrimaryLoss current, boolean certain) throws InterruptedException {
        var times = current.failedAgain();
        var pause = Math.min(LONGEST_BACKOFF.toSeconds(), 1L << Math.min(times - 1, 10));
        notBefore = clock.getAsLong() + TimeUnit.SECONDS.toNanos(pause);
        metrics.failover("failed", current.elapsed().duration());
        if (certain) finish(monitor.fenceThrough(0));
    }

    private List<NodeHealth> refreshOthers(Node lost) throws InterruptedException {
        var asked = new ArrayList<CompletableFuture<NodeHealth>>();
        for (var node : monitor.nodes()) {
            if (!node.equals(lost)) asked.add(monitor.refresh(node));
        }
        var answers = new ArrayList<NodeHealth>();
        for (var each : asked) {
            var answer = finish(each);
            if (answer != null) answers.add(answer);
        }
        return answers;
    }

    /// The result, or null if there is none in the time that a probe can take.
    private <T> @Nullable T finish(CompletableFuture<T> future) throws InterruptedException {
        try {
            return future.get(probeBound.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.atDebug().setCause(e).log("a probe did not end");
            return null;
        }
    }
}
