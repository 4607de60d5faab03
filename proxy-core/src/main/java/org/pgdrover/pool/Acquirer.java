package org.pgdrover.pool;

import io.netty.channel.EventLoop;
import org.pgdrover.backend.ServerConnection;

/// A client that waits for a server connection. Exactly one of the two answers comes, on a turn of its
/// event loop that is its own.
public interface Acquirer {
    EventLoop eventLoop();

    /// The connection is this acquirer's until it releases it; it lives on this acquirer's event loop.
    void onServer(ServerPool pool, ServerConnection server);

    void onRefused(ServerPool pool, Refusal refusal);
}
