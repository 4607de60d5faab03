package org.pgdrover.pool;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/// Asks a connection that was idle for long with an empty query whether it is alive. It closes the
/// connection if no answer comes within a second.
final class AliveProbe implements AnswerOwner {
    private final ServerConnection server;
    private final Runnable alive;
    private final Runnable dead;
    private boolean over;

    AliveProbe(ServerConnection server, Runnable alive, Runnable dead) {
        this.server = server;
        this.alive = alive;
        this.dead = dead;
    }

    void start() {
        server.lease(this);
        new Exchange(server, _ -> answered()).query("").send();
        server.eventLoop()
                .schedule(
                        () -> {
                            if (!over) server.close(CloseReason.PROBE_FAILED);
                        },
                        1,
                        TimeUnit.SECONDS);
    }

    private void answered() {
        if (over) return;
        over = true;
        server.unlease();
        alive.run();
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
        if (over) return;
        over = true;
        dead.run();
    }
}
