package org.pgdrover.backend;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.RecvByteBufAllocator;

/** How connections are made on this machine: the socket class that fits the event loops. */
public record Transport(ChannelFactory<? extends Channel> sockets) {
    private static final int SMALLEST_READ = 4 * 1024;
    private static final int LARGEST_READ = 64 * 1024;

    /** How much is read at once: never so little that an ordinary message is cut, up to 64 KiB when much comes. */
    public static RecvByteBufAllocator readBuffers() {
        return new AdaptiveRecvByteBufAllocator(SMALLEST_READ, SMALLEST_READ, LARGEST_READ);
    }
}
