package org.pgdrover.simulation;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// The server's end of one connection of the proxy: hands messages to a model session and takes the
/// session's time.
final class ModelBackend implements Line.Peer {
    private static final int BUFFER = 8_192;
    private static final int CANCEL = 1234 << 16 | 5678;
    private static final long LOCK_POLL_NANOS = 1_000_000;

    private final World world;
    private final ModelNode node;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private byte[] in = {};
    private @Nullable Line line;
    private @Nullable ModelSession session;
    private byte[] secret = {};
    private boolean started;
    private boolean working;
    private boolean closed;
    private int generation;
    private int bytesToCut = -1;
    private long doneBefore = -1;
    private boolean hasDone;

    ModelBackend(World world, ModelNode node) {
        this.world = world;
        this.node = node;
    }

    ModelNode node() {
        return node;
    }

    @Nullable
    ModelSession session() {
        return session;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void onJoined(Line to) {
        line = to;
    }

    private Line line() {
        return java.util.Objects.requireNonNull(line);
    }

    @Override
    public void onBytes(byte[] bytes) {
        if (closed) return;
        var all = Arrays.copyOf(in, in.length + bytes.length);
        System.arraycopy(bytes, 0, all, in.length, bytes.length);
        var buffer = ByteBuffer.wrap(all);
        while (!closed && next(buffer)) {
            // one after the other
        }
        in = Arrays.copyOfRange(all, buffer.position(), all.length);
        pump();
    }

    private boolean next(ByteBuffer buffer) {
        int header = started ? 5 : 4;
        if (buffer.remaining() < header) return false;
        int at = buffer.position();
        int length = buffer.getInt(at + header - 4);
        if (buffer.remaining() < length + header - 4) return false;
        char type = started ? (char) buffer.get(at) : ' ';
        var body = Arrays.copyOfRange(buffer.array(), at + header, at + header - 4 + length);
        buffer.position(at + header - 4 + length);
        var serving = session;
        if (serving == null) {
            begin(body);
            return true;
        }
        var message = new Message(type, body);
        world.trace(() -> node.name() + "/" + serving.process + " < " + Describe.message(message));
        serving.receive(message);
        return true;
    }

    private void begin(byte[] body) {
        var reader = new BodyReader(body);
        int code = reader.number32();
        if (code == CANCEL) {
            world.cancel(node, reader.number32(), Arrays.copyOfRange(body, 8, body.length));
            close();
            return;
        }
        Map<String, String> parameters = new HashMap<>();
        for (var name = reader.string(); !name.isEmpty(); name = reader.string()) parameters.put(name, reader.string());
        if (world.isNamed()) parameters.remove("application_name");
        started = true;
        secret = new byte[] {1, 2, 3, 4};
        var begun = new ModelSession(node, parameters, this::answer, world.watch());
        session = begun;
        begun.welcome(secret);
        flush();
    }

    private void answer(Answer answer) {
        if (session != null) {
            var process = session.process;
            world.trace(() -> node.name() + "/" + process + " > " + answer);
            if (answer.field('C').equals("XX000") && answer.type() == 'E')
                world.violated("the model does not know what the proxy sends: " + answer);
        }
        out.writeBytes(answer.bytes());
        boolean urgent = answer.type() == 'Z' || answer.type() == 'G' || answer.type() == 'A';
        if (urgent || out.size() > BUFFER) flush();
    }

    private void flush() {
        var bytes = out.toByteArray();
        out.reset();
        if (closed || bytes.length == 0) return;
        if (hasDone()) {
            hasDone = false;
            doneBefore = -1;
            if (world.takeLoss() instanceof Consumer<ModelBackend> how) {
                how.accept(this);
                return;
            }
        }
        if (bytesToCut >= 0 && bytes.length > bytesToCut) {
            line().send(Arrays.copyOf(bytes, bytesToCut));
            kill(true);
            return;
        }
        if (bytesToCut >= 0) bytesToCut -= bytes.length;
        line().send(bytes);
    }

    // Working

    private void pump() {
        while (!working && !closed && session != null && session.hasWork()) {
            long time = session.duration();
            if (time < 0) {
                later(LOCK_POLL_NANOS, this::pump);
                return;
            }
            time += world.serverLatency();
            if (time == 0) step();
            else
                later(time, () -> {
                    step();
                    pump();
                });
        }
    }

    private void later(long nanos, Runnable then) {
        working = true;
        int expected = ++generation;
        world.network().after(nanos, () -> {
            if (generation != expected || closed) return;
            working = false;
            then.run();
        });
    }

    private void step() {
        var working = java.util.Objects.requireNonNull(session);
        doneBefore = world.isToLose() ? world.data().done() : -1;
        if (working.isAboutToBegin() && world.refusals().isRefused()) working.stepFails(Refusals.error());
        else working.step();
        hasDone = world.isToLose() && hasDone();
        doneBefore = -1;
        if (working.isIdle()) flushWhenAsked();
        if (working.hasEnded()) {
            flush();
            close();
        }
    }

    /// Flush has its effect when all before it is done; the model takes it when nothing more is there to
    /// do.
    private void flushWhenAsked() {
        flush();
    }

    /// A cancel request has come: what runs is cancelled, and if nothing runs nothing happens.
    boolean cancel(int process, byte[] key) {
        if (session == null || session.process != process || !Arrays.equals(secret, key)) return false;
        if (working) interrupt(Refusals.error());
        return true;
    }

    /// What runs fails.
    void interrupt(SqlError error) {
        if (!working || session == null || closed || !session.mayBeInterrupted()) return;
        generation++;
        working = false;
        session.stepFails(error);
        if (session.isIdle()) flush();
        pump();
    }

    boolean isWorking() {
        return working && !closed;
    }

    // Ending

    @Override
    public void onEnd() {
        if (closed) return;
        if (session == null) {
            closed = true;
            return;
        }
        session.receive(new Message('X', new byte[0]));
        pump();
    }

    /// As pg_terminate_backend does it.
    void terminate() {
        if (closed || session == null) return;
        generation++;
        session.terminate();
        flush();
        close();
    }

    /// As kill -9 does it, or the loss of the machine.
    void kill(boolean afterSent) {
        if (closed) return;
        closed = true;
        generation++;
        if (session != null) session.end();
        if (afterSent) line().resetAfterSent();
        else line().reset();
    }

    private boolean hasDone() {
        return hasDone || doneBefore >= 0 && world.data().done() > doneBefore;
    }

    /// The connection breaks when so many more bytes have been sent.
    void cutAfter(int bytes) {
        bytesToCut = bytes;
    }

    private void close() {
        if (closed) return;
        closed = true;
        if (session != null) session.end();
        line().finish();
    }
}
