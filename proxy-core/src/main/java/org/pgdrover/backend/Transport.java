package org.pgdrover.backend;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.concurrent.TimeUnit;

/// Makes the sockets that connect to servers, and closes at the end those that are still open, also
/// half-made ones.
public final class Transport implements AutoCloseable {
    private static final int SMALLEST_READ = 4 * 1024;
    private static final int LARGEST_READ = 64 * 1024;
    private static final int CLOSE_SECONDS = 2;

    private final ChannelFactory<? extends Channel> sockets;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

    /// @param sockets makes the socket class that fits the event loops
    public Transport(ChannelFactory<? extends Channel> sockets) {
        this.sockets = sockets;
    }

    /// Makes an unconnected socket.
    public Channel newSocket() {
        var socket = sockets.newChannel();
        open.add(socket);
        return socket;
    }

    /// How much is read at once: never so little that an ordinary message is cut, up to 64 KiB when much
    /// comes.
    public static RecvByteBufAllocator readBuffers() {
        return new AdaptiveRecvByteBufAllocator(SMALLEST_READ, SMALLEST_READ, LARGEST_READ);
    }

    /// Closes every socket, and waits 2 s at most; a socket that is made later is closed at once.
    @Override
    public void close() throws InterruptedException {
        open.close().await(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
