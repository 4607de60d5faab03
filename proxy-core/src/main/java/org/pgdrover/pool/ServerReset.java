package org.pgdrover.pool;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Action;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Expected;
import org.pgdrover.backend.ResponseListener;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;

/**
 * Brings a connection that its client left behind to rest and gives it back to its pool, or closes it if that takes too long.
 *
 * <p>What still runs is cancelled if the client vanished without saying goodbye, copied data is ended with CopyFail, an open batch with Sync,
 * a transaction with ROLLBACK; a session that was changed gets DISCARD ALL.
 */
public final class ServerReset implements ResponseListener {
    private static final long TIMEOUT_SECONDS = 10;

    private final ServerPool pool;
    private final CancelSender cancels;
    private final ServerConnection server;
    private final boolean discardAll;
    private boolean over;

    private ServerReset(ServerPool pool, CancelSender cancels, ServerConnection server, boolean discardAll) {
        this.pool = pool;
        this.cancels = cancels;
        this.server = server;
        this.discardAll = discardAll;
    }

    /**
     * Begins; called on the connection's event loop by the one who has leased it.
     *
     * @param discardAll whether the session holds state that the next client must not see
     * @param cancelRunning whether what still runs is of no use to anybody
     */
    public static void begin(
            ServerPool pool, CancelSender cancels, ServerConnection server, boolean discardAll, boolean cancelRunning) {
        var reset = new ServerReset(pool, cancels, server, discardAll);
        server.lease(reset);
        server.read(true);
        reset.drain(cancelRunning);
    }

    private void drain(boolean cancelRunning) {
        var ledger = server.ledger();
        ledger.skipAll();
        server.eventLoop().schedule(this::tooLong, TIMEOUT_SECONDS, TimeUnit.SECONDS);
        boolean busy = !ledger.isEmpty();
        endOpenBatch();
        if (busy && cancelRunning) cancels.cancel(server);
        if (server.ledger().isAtRest()) server.afterCancels(this::rollBack);
    }

    /** A CopyFail is ignored by a server that takes no copied data, so it can be sent whenever something still runs. */
    private void endOpenBatch() {
        var ledger = server.ledger();
        if (ledger.isAtRest()) return;
        var out = server.newBuffer(64);
        FrontendMessages.copyFail(out, "client left");
        server.expect(Expected.COPY_END, Action.SKIP, null);
        if (ledger.isOpen()) {
            FrontendMessages.sync(out);
            server.expect(Expected.SYNC, Action.SKIP, null);
        }
        server.write(out);
        server.flush();
    }

    private void rollBack() {
        if (over) return;
        if (server.status() == TransactionStatus.IDLE) discard();
        else server.exchange("ROLLBACK", error -> discard());
    }

    private void discard() {
        if (over) return;
        if (!discardAll) {
            done();
            return;
        }
        server.statements().clear();
        server.unnamedStatement(null);
        server.exchange("DISCARD ALL", error -> {
            if (error == null) server.settings(SessionSettings.EMPTY);
            else server.close(CloseReason.RESET_FAILED);
            done();
        });
    }

    private void done() {
        if (over) return;
        over = true;
        server.afterCancels(() -> pool.release(server));
    }

    private void tooLong() {
        if (over) return;
        over = true;
        server.close(CloseReason.CLIENT_LEFT);
    }

    @Override
    public void onBytes(ServerConnection from, ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public boolean onError(ServerConnection from, ErrorFields error) {
        return false;
    }

    @Override
    public void onReady(ServerConnection from, TransactionStatus status, @Nullable Object note) {
        if (server.ledger().isAtRest()) server.afterCancels(this::rollBack);
    }

    @Override
    public void onReadComplete(ServerConnection from) {}

    @Override
    public void onWritabilityChanged(ServerConnection from, boolean writable) {}

    @Override
    public void onLost(ServerConnection from, CloseReason reason, @Nullable ErrorFields error) {
        over = true;
    }
}
