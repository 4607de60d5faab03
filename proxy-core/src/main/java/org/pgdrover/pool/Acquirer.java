package org.pgdrover.pool;

import io.netty.channel.EventLoop;
import org.pgdrover.backend.ServerConnection;

/** Whoever waits for a server connection; exactly one of the two answers comes, on a turn of its event loop that is its own. */
public interface Acquirer {
    EventLoop eventLoop();

    /** The connection is this acquirer's until it releases it; it lives on this acquirer's event loop. */
    void onServer(ServerPool pool, ServerConnection server);

    void onRefused(ServerPool pool, Refusal refusal);
}
