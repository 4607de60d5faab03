package org.pgdrover.backend;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.function.Consumer;

/// Moves an idle server connection to another event loop.
///
/// @param done told on that loop whether it has arrived and is open; if not, it is closed
record LoopMove(ServerConnection server, Channel channel, EventLoop to, Consumer<Boolean> done) {
    void begin() {
        channel.eventLoop().execute(() -> {
            channel.config().setAutoRead(false);
            channel.deregister().addListener(this::left);
        });
    }

    private void left(Future<?> left) {
        if (left.isSuccess()) to.register(channel).addListener(this::arrived);
        else failed();
    }

    private void arrived(Future<?> arrived) {
        if (!arrived.isSuccess()) {
            failed();
            return;
        }
        channel.config().setAutoRead(true);
        done.accept(server.isOpen());
    }

    private void failed() {
        server.close(CloseReason.SERVER_ERROR);
        to.execute(() -> done.accept(false));
    }
}
