package org.pgdrover.it.exactness;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A client that knows the nonce of every answer that it may get, and leaves and cancels as it likes.
final class NonceClient {
    private static final int PATIENCE = 60_000;
    private static final int PAST = 12;
    private static final String CANCELLED = "57014";
    /// What a client hears of a server that was terminated under it; nobody knows whether its write was
    /// committed.
    private static final Set<String> LOST = Set.of("57P01", "57P02", "57P03", "08006", "08003", "08007");
    /// What says that nothing was done.
    private static final Set<String> UNDONE = Set.of("40001", "53300");

    private final int port;
    private final Map<String, String> startup;
    private final NonceTally tally;
    private final Random random;
    private final BooleanSupplier going;
    /// What this client has lived through last, for whoever reads about a wrong answer.
    private final Deque<String> past = new ArrayDeque<>();

    NonceClient(int port, Map<String, String> startup, NonceTally tally, Random random, BooleanSupplier going) {
        this.port = port;
        this.startup = startup;
        this.tally = tally;
        this.random = random;
        this.going = going;
    }

    void run() {
        while (going.getAsBoolean()) {
            try {
                session();
            } catch (SocketTimeoutException silence) {
                tally.wrong("no answer within " + PATIENCE / 1000 + " s");
            } catch (EOFException | SocketException end) {
                tally.event("closed by the other side");
            } catch (IOException refused) {
                tally.event("refused: " + refused.getMessage());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    private void happened(String what) {
        if (past.size() == PAST) past.removeFirst();
        past.addLast(what);
    }

    private void session() throws IOException {
        happened("connects");
        try (var client = WireClient.ready(port, startup)) {
            client.send(NonceBatch.PREPARE, Sent.sync());
            if (!hear(client, new NonceBatch.Unit("1Z", List.of(), List.of()), false)) return;
            for (int batches = random.nextInt(200); batches > 0 && going.getAsBoolean(); batches--) {
                var batch = new NonceBatch(random, tally::nonce);
                if (random.nextInt(300) == 0) {
                    leave(client, batch);
                    return;
                }
                talk(client, batch);
            }
            client.send(Sent.terminate());
        }
    }

    private void talk(WireClient client, NonceBatch batch) throws IOException {
        happened("writes a batch of " + batch.units().size());
        write(client, batch.bytes());
        boolean cancelled = batch.isSlow() && random.nextInt(3) > 0;
        if (cancelled) {
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(20_000)));
            client.cancel(port);
            happened("cancels");
            tally.event("cancels");
        }
        for (var unit : batch.units()) hear(client, unit, cancelled);
    }

    private static String shortened(NonceBatch.Unit unit) {
        return unit.types().length() > 12 ? unit.types().substring(0, 12) + "…" : unit.types();
    }

    private void write(WireClient client, byte[] bytes) throws IOException {
        int cut = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : 0;
        client.write(bytes, 0, cut);
        if (cut > 0) Thread.yield();
        client.write(bytes, cut, bytes.length - cut);
    }

    /// In the middle of a message, or behind a request whose answer nobody reads.
    private void leave(WireClient client, NonceBatch batch) throws IOException {
        var bytes = batch.bytes();
        client.write(bytes, 0, random.nextBoolean() ? bytes.length : random.nextInt(bytes.length));
        if (random.nextBoolean()) client.send(Sent.terminate());
        if (random.nextInt(3) == 0) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(5)));
        if (random.nextBoolean()) client.reset();
        tally.event("left in a hurry");
    }

    /// True if it was answered, false if it failed.
    private boolean hear(WireClient client, NonceBatch.Unit unit, boolean cancelled) throws IOException {
        int rows = 0;
        for (int i = 0; i < unit.types().length(); i++) {
            var message = important(client);
            if (message.type() == 'E') {
                failed(client, unit, message, cancelled);
                return false;
            }
            if (message.type() != unit.types().charAt(i)) {
                wrong(client, "message " + message.type() + " instead of number " + i + " of " + unit);
                return false;
            }
            if (message.type() != 'D') continue;
            var nonce = message.column(0);
            var expected = unit.nonces().get(rows++);
            if (!nonce.equals(expected)) wrong(client, "nonce " + nonce + " instead of " + expected + " in " + unit);
        }
        happened("hears " + shortened(unit));
        tally.answered(Math.max(1, unit.nonces().size()));
        tally.acknowledged(unit.writes());
        return true;
    }

    private static Received important(WireClient client) throws IOException {
        while (true) {
            var message = client.require(PATIENCE);
            if (message.type() != 'S') return message;
        }
    }

    /// A client that has heard something wrong cannot go on.
    private void wrong(WireClient client, String what) throws IOException {
        tally.wrong(what + " (client " + client.processId() + "; before that: " + past + ")");
        client.close();
        throw new EOFException(what);
    }

    private void failed(WireClient client, NonceBatch.Unit unit, Received error, boolean cancelled) throws IOException {
        var state = error.sqlState();
        happened("hears " + state + " in " + shortened(unit));
        tally.event(state);
        boolean cancellation = state.equals(CANCELLED) && cancelled;
        if (cancellation || UNDONE.contains(state)) tally.failed(unit.writes());
        else if (!LOST.contains(state)) wrong(client, "error " + error.fields() + " in " + unit);
        var ready = important(client);
        if (ready.type() != 'Z') wrong(client, "message " + ready.type() + " behind an error in " + unit);
        if (ready.body()[0] != 'I') throw new EOFException("in a failed transaction");
    }

    /// Ends some backends of the clients' user; some clients lose their server.
    static void terminateSome(Rig rig, String user) throws SQLException {
        for (var node : rig.nodes()) {
            if (ThreadLocalRandom.current().nextInt(3) > 0) continue;
            node.sql(
                    "postgres",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + user
                            + "' ORDER BY random() LIMIT 1");
        }
    }
}
