package org.pgdrover.pool;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RandomSeed;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;

/// Brings a connection that its client left behind to rest. It cleans the connection if need be, and
/// gives it back to its pool.
///
/// What still runs is cancelled if the client vanished without saying goodbye, copied data is ended with
/// CopyFail, an open batch and a transaction with ROLLBACK; a session that is not proved clean gets
/// DISCARD ALL and another random seed. A connection for which that takes too long is closed.
public final class ServerReset implements AnswerOwner {
    private static final long TIMEOUT_SECONDS = 10;
    private static final byte[] ROLLBACK = "ROLLBACK".getBytes(StandardCharsets.US_ASCII);

    private final ServerPool pool;
    private final CancelSender cancels;
    private final ServerConnection server;
    private boolean over;
    private boolean rollingBack;

    private ServerReset(ServerPool pool, CancelSender cancels, ServerConnection server) {
        this.pool = pool;
        this.cancels = cancels;
        this.server = server;
    }

    /// Begins; called on the connection's event loop by the one who has leased it.
    ///
    /// @param owner whoever the answers belonged to that are still owed
    /// @param cancelRunning whether what still runs is of no use to anybody
    public static void begin(
            ServerPool pool, CancelSender cancels, ServerConnection server, AnswerOwner owner, boolean cancelRunning) {
        var reset = new ServerReset(pool, cancels, server);
        server.ledger().disown(owner);
        server.lease(reset);
        server.read(true);
        reset.drain(cancelRunning);
    }

    private void drain(boolean cancelRunning) {
        server.eventLoop().schedule(this::tooLong, TIMEOUT_SECONDS, TimeUnit.SECONDS);
        boolean busy = !server.ledger().isEmpty();
        endOpenBatch();
        if (busy && cancelRunning) cancels.cancel(server);
        // An answer of the proxy's own stands behind everything that is owed, and tells when all of it is over.
        new Exchange(server, _ -> server.afterCancels(this::rollBack)).query("").send();
    }

    /// A CopyFail is ignored by a server that takes no copied data, so it can be sent whenever something
    /// still runs.
    ///
    /// A Sync alone would commit what a batch has done whose client left before its Sync, and PostgreSQL
    /// rolls that back. Behind an error the server discards ROLLBACK, and Sync ends the batch.
    private void endOpenBatch() {
        var ledger = server.ledger();
        if (ledger.isAtRest()) return;
        var out = server.newBuffer(64);
        FrontendMessages.copyFail(out, "client left");
        server.expect(RequestKind.COPY_END, AnswerFate.SKIP, this, Note.NONE);
        if (ledger.mayDiscardNext()) {
            FrontendMessages.query(out, ROLLBACK);
            server.expect(RequestKind.QUERY, AnswerFate.SKIP, this, Note.NONE);
            FrontendMessages.sync(out);
            server.expect(RequestKind.SYNC, AnswerFate.SKIP, this, Note.NONE);
        }
        server.write(out);
    }

    private void rollBack() {
        if (over || rollingBack) return;
        rollingBack = true;
        if (server.status() == TransactionStatus.IDLE) clean();
        else new Exchange(server, _ -> clean()).query("ROLLBACK").send();
    }

    private void clean() {
        if (over) return;
        if (server.session().isLastUse()) {
            server.close(CloseReason.SESSION_NOT_CLEAN);
            done();
            return;
        }
        if (server.session().notClean() == null) {
            done();
            return;
        }
        new Exchange(server, this::cleaned)
                .query("DISCARD ALL")
                .query(RandomSeed.RENEWAL)
                .send();
    }

    private void cleaned(Exchange reset) {
        if (reset.error() == null) server.session().cleaned();
        else server.close(CloseReason.RESET_FAILED);
        done();
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
    public void onBytes(ByteBuf bytes, boolean begun) {
        bytes.release();
    }

    @Override
    public boolean onError(Note note, ErrorFields error) {
        return false;
    }

    @Override
    public void onReady(TransactionStatus status, Note note) {}

    @Override
    public void onLost(CloseReason reason, @Nullable ErrorFields lastWords) {
        over = true;
    }
}
