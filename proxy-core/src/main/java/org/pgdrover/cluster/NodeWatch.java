package org.pgdrover.cluster;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.HealthConfig;

/// Probes one node on a virtual thread of its own. A node that hangs holds up no other.
///
/// A full probe every `health.interval`, position samples between them while somebody wants them. A node
/// that fails in a way that costs no time is asked again quickly, so that `health.failures` are counted
/// in a fraction of a second.
final class NodeWatch implements AutoCloseable {
    private static final long SAMPLE_NANOS = Duration.ofMillis(100).toNanos();
    /// Between two samples that somebody waits for.
    private static final long HURRIED_SAMPLE_NANOS = Duration.ofMillis(4).toNanos();

    private static final long RETRY_NANOS = Duration.ofMillis(150).toNanos();
    private static final int QUICK_RETRIES = 20;
    private static final long SPACING_NANOS = Duration.ofMillis(20).toNanos();

    /// Who hears what the watch finds; called on the watch's thread.
    interface Observer {
        /// A probe ended; whoever waits for it is to be told once the news is public.
        void onHealth(NodeHealth health, List<CompletableFuture<NodeHealth>> waiting);

        void onSample(Node node, WalSample sample);

        boolean wantsSamples();
    }

    private final NodeProbe probe;
    private final HealthConfig settings;
    private final Observer observer;
    private final LongSupplier clock;
    private final Thread thread;
    private final ConcurrentLinkedQueue<CompletableFuture<NodeHealth>> requests = new ConcurrentLinkedQueue<>();
    private volatile boolean requested;
    private volatile boolean hurried;
    private volatile boolean closed;
    private NodeHealth health;
    private long nextProbe;
    private long lastProbe;
    private long lastSample;

    NodeWatch(Node node, NodeConnector connector, HealthConfig settings, Observer observer, LongSupplier clock) {
        this.clock = clock;
        this.nextProbe = clock.getAsLong();
        this.lastProbe = nextProbe - SPACING_NANOS;
        this.lastSample = nextProbe - SAMPLE_NANOS;
        this.probe = new NodeProbe(node, connector, settings.timeout(), clock);
        this.settings = settings;
        this.observer = observer;
        this.health = NodeHealth.unknown(node);
        this.thread = Thread.ofVirtual().name("probe-" + node.name()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Asks for a probe as soon as may be; any number of calls before it starts are one.
    void request() {
        if (requested) return;
        requested = true;
        LockSupport.unpark(thread);
    }

    /// Asks for a probe that begins after this call.
    CompletableFuture<NodeHealth> refresh() {
        var answer = new CompletableFuture<NodeHealth>();
        requests.add(answer);
        requested = true;
        LockSupport.unpark(thread);
        return answer;
    }

    /// Lets the watch see that samples are wanted again.
    void wake() {
        LockSupport.unpark(thread);
    }

    /// Somebody waits for the next sample: it is taken at once, or a few milliseconds after the last
    /// one.
    void hurry() {
        if (hurried) return;
        hurried = true;
        LockSupport.unpark(thread);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    private void run() {
        try {
            while (!closed) {
                var now = clock.getAsLong();
                if (due(now)) probe(now);
                else if (untilSample(now) <= 0) sample(now);
                LockSupport.parkNanos(this, pause(clock.getAsLong()));
            }
        } finally {
            probe.close();
            requests.forEach(each -> each.cancel(false));
        }
    }

    private boolean due(long now) {
        return now - nextProbe >= 0 || (requested && now - lastProbe >= SPACING_NANOS);
    }

    private long pause(long now) {
        var untilProbe = nextProbe - now;
        if (requested) return Math.min(untilProbe, lastProbe + SPACING_NANOS - now);
        return Math.min(untilProbe, untilSample(now));
    }

    /// Time until the next sample is due; for ever if nobody wants any.
    private long untilSample(long now) {
        if (!probe.connected()) return Long.MAX_VALUE;
        if (hurried) return lastSample + HURRIED_SAMPLE_NANOS - now;
        return observer.wantsSamples() ? lastSample + SAMPLE_NANOS - now : Long.MAX_VALUE;
    }

    private void probe(long now) {
        requested = false;
        lastProbe = now;
        var waiting = takeRequests();
        try {
            health = health.answered(probe.report());
        } catch (SQLException e) {
            health = health.failed(ProbeFailure.of(e), now, settings.failures());
        } catch (RuntimeException e) {
            // A watch that dies would leave its node as it was for ever.
            probe.close();
            var why = new ProbeFailure(ProbeFailure.Kind.REJECTED, e.toString());
            health = health.failed(why, now, settings.failures());
        }
        nextProbe = now + nextDelay();
        observer.onHealth(health, waiting);
    }

    private List<CompletableFuture<NodeHealth>> takeRequests() {
        var taken = new ArrayList<CompletableFuture<NodeHealth>>();
        for (var each = requests.poll(); each != null; each = requests.poll()) taken.add(each);
        return taken;
    }

    private long nextDelay() {
        var interval = settings.interval().toNanos();
        var failure = health.failure();
        var quick =
                failure != null && failure.kind() != ProbeFailure.Kind.REJECTED && health.failures() <= QUICK_RETRIES;
        return quick ? Math.min(interval, RETRY_NANOS) : interval;
    }

    private void sample(long now) {
        hurried = false;
        lastSample = now;
        var sample = trySample();
        if (sample == null || roleChanged(sample)) request();
        else observer.onSample(health.node(), sample);
    }

    private @Nullable WalSample trySample() {
        try {
            return probe.sample();
        } catch (SQLException _) {
            return null;
        }
    }

    private boolean roleChanged(WalSample sample) {
        return health.report() != null && health.report().inRecovery() != sample.inRecovery();
    }
}
