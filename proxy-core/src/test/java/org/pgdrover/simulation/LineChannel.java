package org.pgdrover.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// The proxy's end of a [Line].
final class LineChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);

    private final ChannelConfig config = new AnyOptions(this);
    private final Network network;
    private final ArrayDeque<byte[]> arrived = new ArrayDeque<>();
    private final SocketAddress remote;
    private @Nullable Line line;
    private boolean open = true;
    private boolean wanted;
    private boolean delivering;
    private boolean ended;

    /// Takes the options of every kind of socket.
    private static final class AnyOptions extends DefaultChannelConfig {
        AnyOptions(Channel channel) {
            super(channel);
        }

        @Override
        public <T> boolean setOption(ChannelOption<T> option, T value) {
            super.setOption(option, value);
            return true;
        }
    }

    LineChannel(Network network, SocketAddress remote) {
        super(null);
        this.network = network;
        this.remote = remote;
        config.setAllocator(network.allocator());
    }

    void attach(Line to) {
        line = to;
    }

    /// What waits here in either direction, for transcripts; empty if nothing does.
    String waiting() {
        var out = unsafe().outboundBuffer();
        if (!open || out == null || out.totalPendingWriteBytes() == 0 && arrived.isEmpty()) return "";
        int bytes = arrived.stream().mapToInt(each -> each.length).sum();
        return "a channel to " + remote + " has " + out.size() + " messages flushed and " + out.totalPendingWriteBytes()
                + " bytes pending, " + (isWritable() ? "" : "not ") + "writable, " + bytes + " bytes unread, auto-read "
                + config.isAutoRead() + ", read wanted " + wanted;
    }

    // From the network

    void connected(ChannelPromise promise) {
        if (!promise.trySuccess()) {
            close();
            return;
        }
        pipeline().fireChannelActive();
    }

    /// Bytes have come.
    void arrive(byte[] bytes) {
        if (!open) return;
        arrived.add(bytes);
        deliver();
    }

    /// The other end has closed, or the connection broke.
    void end(boolean reset) {
        if (!open) return;
        ended = true;
        if (reset) {
            arrived.clear();
            pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
            unsafe().close(voidPromise());
        } else deliver();
    }

    private void deliver() {
        if (delivering) return;
        delivering = true;
        try {
            while (open && wanted && arrived.poll() instanceof byte[] bytes) {
                wanted = false;
                var buffer = alloc().buffer(bytes.length);
                buffer.writeBytes(bytes);
                pipeline().fireChannelRead(buffer);
                pipeline().fireChannelReadComplete();
            }
            if (open && wanted && ended && arrived.isEmpty()) unsafe().close(voidPromise());
        } finally {
            delivering = false;
        }
    }

    /// The other end takes more.
    void resumeWriting() {
        if (open) ((LineUnsafe) unsafe()).flushMore();
    }

    // From the proxy

    @Override
    protected void doBeginRead() {
        wanted = true;
        if (!delivering && (!arrived.isEmpty() || ended)) eventLoop().execute(this::deliver);
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) throws Exception {
        var to = line;
        if (to == null || !open) throw new ClosedChannelException();
        while (in.current() instanceof ByteBuf bytes) {
            int taken = to.offer(bytes);
            in.removeBytes(taken);
            if (bytes.refCnt() > 0 && bytes.isReadable()) return;
        }
    }

    @Override
    protected void doClose() {
        open = false;
        arrived.clear();
        if (line != null) line.closedByProxy();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBind(SocketAddress local) {}

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new LineUnsafe();
    }

    private final class LineUnsafe extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress to, @Nullable SocketAddress local, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) return;
            network.dial(LineChannel.this, (InetSocketAddress) to, promise);
        }

        void flushMore() {
            flush0();
        }
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected SocketAddress localAddress0() {
        return new InetSocketAddress(1);
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && line != null;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }
}
