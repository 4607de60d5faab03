package org.pgdrover.simulation;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// One client: logs in, holds a conversation as its seed has it, and leaves in one of the ways in which
/// clients leave.
final class SimulatedClient implements Line.Peer {
    private enum Farewell {
        TERMINATE,
        FINISH,
        RESET
    }

    private record Said(Unit unit, int lastReady) {}

    private final World world;
    private final RandomGenerator random;
    private final int number;
    private final Conversation conversation;
    private final @Nullable Across across;
    private final Transcript transcript;
    private final Map<String, String> startup = new LinkedHashMap<>();
    private final Deque<Said> outstanding = new ArrayDeque<>();
    private final int depth;
    private final boolean slow;
    private int left;
    private int leavesEarlyAt;
    private byte[] in = {};
    private @Nullable Line line;
    private boolean welcomed;
    private boolean gone;
    private boolean ended;
    private boolean thinking;
    private byte[] cancelKey = {};
    private boolean cancelling;
    private boolean leaving;
    private boolean patienceRuns;
    private boolean begins;
    private Runnable whenOver = () -> {};

    SimulatedClient(World world, RandomGenerator random, int number, List<Features> features) {
        this.world = world;
        this.random = random;
        this.number = number;
        this.conversation = new Conversation(random, features, number, world.isAimed());
        this.across = world.goesAcross() ? new Across(new SplittableRandom(random.nextLong()), number) : null;
        this.left = 1 + random.nextInt(30);
        this.leavesEarlyAt = random.nextInt(100) < world.earlyPercent() ? random.nextInt(left) : -1;
        this.depth = random.nextInt(3) == 0 ? 1 + random.nextInt(5) : 1;
        this.slow = features.contains(Features.LARGE) && random.nextInt(4) == 0;
        startup.put("user", "me");
        startup.put("database", "db");
        if (random.nextInt(3) == 0 || world.isNamed()) startup.put("application_name", "c" + number + "n0");
        boolean far = world.isAimed() && features.contains(Features.ZONE);
        if (random.nextInt(far ? 2 : 6) == 0) startup.put("TimeZone", "Asia/Tokyo");
        this.transcript = new Transcript(world, this, new PrivateSession(startup, world.network()::now));
    }

    int number() {
        return number;
    }

    /// What happens when the client has gone, or its connection has ended.
    void whenOver(Runnable then) {
        whenOver = then;
    }

    private void over() {
        var then = whenOver;
        whenOver = () -> {};
        then.run();
    }

    Conversation conversation() {
        return conversation;
    }

    Transcript transcript() {
        return transcript;
    }

    boolean isOver() {
        return gone || ended;
    }

    boolean isGone() {
        return gone;
    }

    boolean isCancelling() {
        return cancelling;
    }

    // Coming

    @Override
    public void onJoined(Line to) {
        line = to;
        world.network().now(this::login);
    }

    private Line line() {
        return java.util.Objects.requireNonNull(line);
    }

    private void login() {
        var body = new ByteArrayOutputStream();
        startup.forEach((name, value) -> {
            body.writeBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            body.write(0);
            body.writeBytes(value.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            body.write(0);
        });
        body.write(0);
        line().send(ByteBuffer.allocate(8 + body.size())
                .putInt(8 + body.size())
                .putInt(3 << 16)
                .put(body.toByteArray())
                .array());
        world.trace(() -> "client " + number + ": connects " + startup);
    }

    @Override
    public void onBytes(byte[] bytes) {
        var all = Arrays.copyOf(in, in.length + bytes.length);
        System.arraycopy(bytes, 0, all, in.length, bytes.length);
        int at = 0;
        while (!gone && all.length - at >= 5) {
            int length = ByteBuffer.wrap(all).getInt(at + 1);
            if (length < 4 || length > 1 << 20) {
                world.violated("client " + number + " gets no message: " + Arrays.toString(all));
                return;
            }
            if (all.length - at < length + 1) break;
            heard(new Answer((char) all[at], Arrays.copyOfRange(all, at + 5, at + 1 + length), null));
            at += length + 1;
        }
        in = Arrays.copyOfRange(all, at, all.length);
        if (slow && !gone && random.nextInt(3) == 0) beSlow();
        goOn();
    }

    private void beSlow() {
        line().pause(true);
        world.network().after(random.nextInt(20_000_000), () -> line().pause(false));
    }

    private void heard(Answer answer) {
        world.trace(() -> "client " + number + " > " + answer);
        if (welcomed) {
            transcript.heard(answer);
            return;
        }
        transcript.heardWelcome(answer);
        if (answer.type() == 'K') cancelKey = answer.body();
        if (answer.type() == 'Z') welcomed = true;
    }

    @Override
    public void onEnd() {
        if (ended) return;
        ended = true;
        over();
        world.trace(() -> "client " + number + ": its connection has ended");
        if (!gone) transcript.ended(welcomed, in.length > 0);
    }

    // Talking

    private void goOn() {
        if (!welcomed || gone || ended || leaving || thinking || cancelling) return;
        while (!outstanding.isEmpty()
                && transcript.isAnswered(outstanding.peek().lastReady())) outstanding.remove();
        if (transcript.isVague() && !patienceRuns) {
            patienceRuns = true;
            world.network().after(3_000_000_000L, () -> leave(random.nextInt(3)));
        }
        if (outstanding.size() >= depth) return;
        if (transcript.isToldOtherwise() || left == 0) {
            if (outstanding.isEmpty() || transcript.isQuiet()) leave(random.nextInt(3));
            return;
        }
        thinking = true;
        world.network().after(world.network().latency() * random.nextInt(3), () -> {
            thinking = false;
            if (gone || ended) return;
            say();
            goOn();
        });
    }

    private void say() {
        left--;
        var other = across == null ? null : across.next();
        var unit = other == null ? conversation.next() : other;
        unit = world.refusals().instead(unit, begins, transcript.isInTransaction(), conversation);
        begins = unit.begins();
        var bytes = new ByteArrayOutputStream();
        for (var message : unit.messages()) {
            world.trace(() -> "client " + number + " < " + Describe.message(message));
            bytes.writeBytes(Conversation.bytes(message));
        }
        if (left == leavesEarlyAt) {
            transcript.said(unit);
            leaveInTheMiddle(unit, bytes.toByteArray());
            return;
        }
        // A cancelled statement takes an implicit transaction back that began before it.
        boolean apart = !transcript.isInsideBatch();
        outstanding.add(new Said(unit, transcript.said(unit)));
        line().send(bytes.toByteArray());
        if (unit.cancelled() && apart && outstanding.size() == 1)
            cancelSoon(unit == Refusals.CANCELLED, Conversation.isShort(unit));
    }

    private void leaveInTheMiddle(Unit unit, byte[] bytes) {
        leaving = true;
        int part = random.nextInt(3) == 0 ? random.nextInt(bytes.length + 1) : bytes.length;
        if (unit.isUnended(part == bytes.length)) transcript.leftUnended(unit);
        line().send(Arrays.copyOf(bytes, part));
        int how = part == bytes.length ? random.nextInt(3) : 1 + random.nextInt(2);
        if (random.nextBoolean()) leave(how);
        else world.network().after(random.nextInt(3_000_000), () -> leave(how));
    }

    private void leave(int how) {
        if (gone || ended) return;
        var farewell = Farewell.values()[how];
        world.trace(() -> "client " + number + ": leaves, " + farewell);
        if (transcript.isQuiet() && leavesEarlyAt < 0) transcript.checkData();
        gone = true;
        over();
        switch (farewell) {
            case TERMINATE -> {
                line().send(Conversation.bytes(new Message('X', new byte[0])));
                line().finish();
            }
            case FINISH -> line().finish();
            case RESET -> {
                if (random.nextBoolean()) line().reset();
                else line().resetAfterSent();
            }
        }
    }

    // Cancelling

    private void cancelSoon(boolean soon, boolean isShort) {
        cancelling = true;
        // In an aimed seed it comes when the statement is just about to end by itself.
        long when = world.isAimed() && isShort ? 18_000_000 + random.nextInt(4_000_000) : random.nextInt(40_000_000);
        world.network().after(soon ? world.refusals().soon() : when, this::cancel);
    }

    private void cancel() {
        if (gone || ended) return;
        world.trace(() -> "client " + number + ": sends a CancelRequest");
        transcript.cancelSent();
        var request = ByteBuffer.allocate(8 + cancelKey.length)
                .putInt(8 + cancelKey.length)
                .putInt(1234 << 16 | 5678)
                .put(cancelKey)
                .array();
        world.connect(new Line.Peer() {
            @Override
            public void onJoined(Line to) {
                world.network().now(() -> to.send(request));
            }

            @Override
            public void onBytes(byte[] bytes) {
                world.violated("a CancelRequest is answered");
            }

            @Override
            public void onEnd() {
                cancelDone();
            }
        });
    }

    /// From here on the request has arrived, so that nothing that is sent now can be cancelled by it.
    private void cancelDone() {
        world.trace(() -> "client " + number + ": the CancelRequest's connection is closed");
        cancelling = false;
        transcript.cancelDone();
        goOn();
    }

    List<String> owes() {
        var all = new ArrayList<String>();
        for (var said : outstanding)
            all.add(said.unit().messages().stream()
                    .map(Describe::message)
                    .toList()
                    .toString());
        return all;
    }
}
