package org.pgdrover.simulation;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.PoolMode;

/// Everything of one seed: model servers, the proxy, clients, faults, and what came of it.
final class World {
    static final int FIRST_PORT = 6_000;
    private static final int NODES = 3;
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(400);
    private static final long COMING_TO_REST = TimeUnit.SECONDS.toNanos(12);
    private static final long SAMPLING = TimeUnit.MILLISECONDS.toNanos(20);

    private final long seed;
    private final Options options;
    private final RandomGenerator random;
    private final VirtualLoop loop = VirtualLoop.begin();
    private final Network network;
    private final ModelData data = new ModelData();
    private final List<ModelNode> nodes = new ArrayList<>();
    private final List<ModelBackend> backends = new ArrayList<>();
    private final List<SimulatedClient> clients = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private final Refusals refusals;
    private final Rig rig;
    private final boolean faulty;
    private final int slowness;
    private final int early;
    private boolean full;
    private int expectedClients;
    private @Nullable Consumer<ModelBackend> loss;
    private int answersBefore;

    World(long seed, Options options) {
        this.seed = seed;
        this.options = options;
        this.random = new SplittableRandom(seed);
        this.refusals = new Refusals(seed, options.refusing());
        this.network = new Network(loop, new SplittableRandom(random.nextLong()), this::failed, options.aimed());
        var aim = options.aimed() ? Features.aim(random, options.without()) : List.<Features>of();
        this.faulty = options.faults() && (Features.isAboutLosses(aim) || random.nextInt(3) == 0);
        this.slowness = random.nextInt(3);
        this.early = options.earlyGoodbyes() && random.nextInt(2) == 0 ? 40 : 0;
        Shared.begin(data);
        for (int i = 0; i < NODES; i++) addNode(i);
        int clientsAtOnce = 1 + random.nextInt(5);
        var size = 1 + random.nextInt(4);
        full = size < clientsAtOnce;
        var mode = random.nextInt(8) == 0 ? PoolMode.SESSION : PoolMode.TRANSACTION;
        rig = new Rig(
                this, new Rig.Settings(mode, size, random.nextInt(4) == 0 ? Consistency.GLOBAL : Consistency.SESSION));
        sample();
        var features = options.aimed() ? aim : Features.draw(random, options.without());
        trace(() -> "seed " + seed + ": " + mode + ", pool of " + size + ", " + clientsAtOnce
                + " clients at once, faults " + faulty + ", " + features);
        for (int i = 0; i < clientsAtOnce; i++) startClients(features, 1 + random.nextInt(3));
        if (faulty) new Faults(this, new SplittableRandom(random.nextLong())).begin();
    }

    private void addNode(int number) {
        var node = new ModelNode("pg" + number, data, number > 0, 1_000 * (number + 1), loop::now);
        if (number > 0) node.lag(random.nextInt(3) == 0 ? random.nextInt(200_000_000) : random.nextInt(5_000_000));
        nodes.add(node);
        network.listen(FIRST_PORT + number, () -> {
            if (!node.isUp()) return null;
            var backend = new ModelBackend(this, node);
            backends.add(backend);
            return backend;
        });
    }

    private void sample() {
        rig.topology().sample();
        if (!areAllOver()) network.after(SAMPLING, this::sample);
    }

    /// Clients one after the other, each beginning when the one before it has gone.
    private void startClients(List<Features> features, int count) {
        expectedClients += count;
        network.after(random.nextInt(3_000_000), () -> startClient(features, count));
    }

    private void startClient(List<Features> features, int left) {
        if (left == 0) return;
        var client = new SimulatedClient(this, new SplittableRandom(random.nextLong()), clients.size() + 1, features);
        clients.add(client);
        client.whenOver(() -> network.after(1_000_000, () -> startClient(features, left - 1)));
        connect(client);
    }

    void connect(Line.Peer peer) {
        network.join(peer, new InetSocketAddress("127.0.0.1", 40_000 + clients.size()), 8_192, rig::initialise);
    }

    // What its parts ask for

    Network network() {
        return network;
    }

    VirtualLoop loop() {
        return loop;
    }

    RandomGenerator random() {
        return random;
    }

    ModelData data() {
        return data;
    }

    List<ModelNode> nodes() {
        return nodes;
    }

    List<ModelBackend> backends() {
        return backends;
    }

    Refusals refusals() {
        return refusals;
    }

    Rig rig() {
        return rig;
    }

    int earlyPercent() {
        return early;
    }

    boolean isNamed() {
        return options.named();
    }

    boolean isAimed() {
        return options.aimed();
    }

    boolean goesAcross() {
        return options.across();
    }

    boolean mayLose() {
        return faulty;
    }

    boolean mayBeFull() {
        return full;
    }

    boolean consistent() {
        return true;
    }

    boolean checksProcess() {
        return false;
    }

    /// How long a server takes for a step.
    long serverLatency() {
        return switch (slowness) {
            case 0 -> 0;
            case 1 -> random.nextInt(3) == 0 ? random.nextInt(100_000) : 0;
            default -> random.nextInt(2) == 0 ? random.nextInt(3_000_000) : 0;
        };
    }

    void cancel(ModelNode node, int process, byte[] key) {
        trace(() -> node.name() + ": CancelRequest for " + process);
        for (var backend : List.copyOf(backends)) if (backend.node() == node) backend.cancel(process, key);
    }

    /// Some time a statement that does what nobody can undo is carried out, and lost before it is
    /// answered.
    ///
    /// @param answered how many are answered before
    void loseAnswer(int answered, Consumer<ModelBackend> how) {
        answersBefore = answered;
        loss = how;
    }

    boolean isToLose() {
        return loss != null;
    }

    @Nullable
    Consumer<ModelBackend> takeLoss() {
        if (answersBefore-- > 0) return null;
        var taken = loss;
        loss = null;
        return taken;
    }

    ModelSession.Watch watch() {
        return new CleanServers(this);
    }

    // What came of it

    void trace(Supplier<String> line) {
        if (!options.tracing()) return;
        trace.add(String.format("%10.3f ms  %s", (loop.now() % 1_000_000_000_000L) / 1e6, line.get()));
    }

    void violated(String what) {
        trace(() -> "VIOLATED: " + what + network.waiting());
        violations.add(what);
    }

    void failed(Throwable failure) {
        var text = new java.io.StringWriter();
        failure.printStackTrace(new java.io.PrintWriter(text));
        violated("failed: " + text);
    }

    private boolean areAllOver() {
        return clients.size() == expectedClients && clients.stream().allMatch(SimulatedClient::isOver);
    }

    Result run() {
        try (var log = ErrorLog.begin()) {
            go(loop.now() + LONGEST, true);
            if (violations.isEmpty() && !areAllOver())
                for (var client : clients)
                    if (!client.isOver())
                        violated("client " + client.number() + " is not answered: it waits for "
                                + client.transcript().owed() + " of " + client.owes());
            if (violations.isEmpty()) atRest();
            rig.close();
            go(loop.now() + COMING_TO_REST, false);
            loop.end();
            if (violations.isEmpty() && network.unreleased() != 0)
                violated(network.unreleased() + " bytes in buffers that nobody has released");
            if (!log.lines().isEmpty())
                violations.addFirst("logged: " + log.lines().getFirst());
        } catch (Throwable failure) {
            failed(failure);
        }
        return new Result(seed, clients.size(), List.copyOf(violations), trace);
    }

    private void go(long limit, boolean untilOver) {
        while (true) {
            loop.settle();
            if (untilOver && (!violations.isEmpty() || areAllOver())) return;
            if (!loop.leap(limit)) return;
        }
    }

    /// Nobody is here any more: everything must come to rest, as if nobody had ever been. Servers carry out to
    /// its end a pipeline whose client has said goodbye.
    private void atRest() {
        long limit = loop.now() + LONGEST;
        do go(loop.now() + COMING_TO_REST, false);
        while (loop.now() < limit && backends.stream().anyMatch(ModelBackend::isWorking));
        for (var client : clients) client.transcript().checkAtEnd();
        rig.checkAtRest();
        var clean = new CleanServers(this);
        for (var backend : backends)
            if (!backend.isClosed() && backend.session() instanceof ModelSession session) clean.checkAtRest(session);
    }
}
