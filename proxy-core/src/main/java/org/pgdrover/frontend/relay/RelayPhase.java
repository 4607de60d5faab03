package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// Drives a logged-in client's relay. It takes events, and asks the state what is next until there is
/// nothing more to do.
///
/// It is the only loop: whatever happens - bytes, an answer, a server lent or lost, a timer, a cancel -
/// is noted where it belongs, and the relay is woken. Nothing calls back into the loop while it runs.
/// Confined to the client's event loop.
final class RelayPhase implements Phase {
    /// The longest wait of a client that is gone.
    private static final Duration ALONE = Duration.ofSeconds(30);

    private final ClientConnection client;
    private final RelayServices services;
    private final CancelKey key;
    private final Relay relay;

    private final Runnable turn = this::runAndFlush;
    private RelayState state;
    private boolean running;
    private boolean woken;
    private boolean alone;
    private boolean ended;

    /// @param server that the client keeps for its whole session, and the pool that it is from; both
    /// null if there is none
    RelayPhase(
            ClientConnection client,
            RelayServices services,
            ClientSession session,
            CancelKey key,
            @Nullable ServerPool pool,
            @Nullable ServerConnection server) {
        this.client = client;
        this.services = services;
        this.key = key;
        this.relay = new Relay(client, services, session, server != null, key.processId(), this::wake);
        this.state = new Idle(relay);
        if (server != null && pool != null) {
            var lease = new ServerLease(relay, pool, server, false, true);
            server.session().statements().clear();
            server.session().notClean("session mode");
            relay.kept().keep(lease);
        }
    }

    @Override
    public void onEnter() {
        if (relay.kept().lease() instanceof ServerLease kept) kept.begin();
    }

    // The loop

    /// Something has happened.
    private void wake() {
        woken = true;
        if (running) return;
        client.run(turn);
    }

    private void runAndFlush() {
        run();
        state.flush();
        client.flush();
    }

    private void run() {
        running = true;
        boolean thrown = true;
        try {
            while (woken) {
                woken = false;
                step();
            }
            thrown = false;
        } finally {
            running = false;
            if (thrown && alone) end();
        }
        if (alone) {
            if (isNothingLeft()) end();
            return;
        }
        relay.input().settle(state.wantsInput() && relay.deliveries().isNoneWaiting());
        if (!relay.isTerminating() || !state.owesNothing()) return;
        client.flush();
        client.close(DisconnectReason.TERMINATED);
    }

    /// Whether nothing is left to do for a client that is gone: its work is done, or waits for more of
    /// the client.
    private boolean isNothingLeft() {
        if (state instanceof Closed) return true;
        if (!relay.deliveries().isNoneWaiting()) return false;
        if (state.owesNothing()) return relay.isTerminating() || relay.input().isEmpty();
        return state.wantsInput()
                && relay.input().isEmpty()
                && relay.deliveries().isNoneSent();
    }

    private void step() {
        for (var next = state.proceed(); next != state; next = state.proceed()) state = next;
    }

    // Events of the client's connection

    @Override
    public void onRead(ByteBuf in) {
        relay.input().add(in);
        woken = true;
        if (!running) run();
    }

    @Override
    public void onReadComplete() {
        state.flush();
        client.flush();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (!writable) return;
        resume();
        wake();
    }

    /// Servers that have waited for the client to read are read again.
    private void resume() {
        if (relay.kept().lease() instanceof ServerLease kept) kept.resume();
        if (state.lease() instanceof ServerLease lease) lease.resume();
    }

    @Override
    public void onCancel(Runnable done) {
        state.onCancel(done);
        wake();
    }

    /// The work that a client has sent before its Terminate is done, as by PostgreSQL, although nobody will
    /// read the answers.
    @Override
    public void onClosed() {
        if (relay.isTerminating() || relay.input().endsWithTerminate()) {
            alone = true;
            client.schedule(this::aloneTooLong, ALONE);
            resume();
            wake();
        } else {
            end();
        }
    }

    /// A client that is gone waits for no server without an end; what a server is at may last.
    private void aloneTooLong() {
        if (ended) return;
        if (relay.deliveries().isNoneSent()) end();
        else client.schedule(this::aloneTooLong, ALONE);
    }

    @Override
    public void giveUp() {
        end();
    }

    @Override
    public ErrorFields stops() {
        var usual = Phase.super.stops();
        var lease = state.lease();
        return lease == null ? usual : new TransactionLoss(relay, lease).stops(usual);
    }

    @Override
    public boolean goesOn() {
        return alone && !ended;
    }

    private void end() {
        if (ended) return;
        ended = true;
        services.cancelKeys().unregister(key);
        var last = state;
        state = new Closed();
        last.onClosed();
        if (relay.kept().lease() instanceof ServerLease kept && relay.kept().forget(kept)) kept.abandon(true);
        relay.listening().close();
        relay.reader().close();
        relay.deliveries().close();
        relay.journal().close();
        relay.heldBack().close();
        relay.input().close();
        if (alone) client.left();
    }
}
