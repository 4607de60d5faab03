package org.pgdrover.pool;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ResponseListener;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/** Asks a connection that was idle for long with an empty query whether it is alive, and closes it if no answer comes within a second. */
final class AliveProbe implements ResponseListener {
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
        server.exchange("", error -> {
            if (over) return;
            over = true;
            server.unlease();
            alive.run();
        });
        server.eventLoop()
                .schedule(
                        () -> {
                            if (!over) server.close(CloseReason.PROBE_FAILED);
                        },
                        1,
                        TimeUnit.SECONDS);
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
    public void onReady(ServerConnection from, TransactionStatus status, @Nullable Object note) {}

    @Override
    public void onReadComplete(ServerConnection from) {}

    @Override
    public void onWritabilityChanged(ServerConnection from, boolean writable) {}

    @Override
    public void onLost(ServerConnection from, CloseReason reason, @Nullable ErrorFields error) {
        if (over) return;
        over = true;
        dead.run();
    }
}
