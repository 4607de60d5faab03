package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// A logged-in connection to a server that belongs to one client for its whole life. Its bytes pass
/// without being looked at.
///
/// Confined to its channel's event loop.
public final class ServerStream extends ChannelInboundHandlerAdapter {
    /// Whoever the connection belongs to; called on its event loop.
    public interface Listener {
        /// Takes ownership.
        void onBytes(ByteBuf bytes);

        /// Everything that had arrived was handed over: time to flush.
        void onReadComplete();

        /// The connection takes more bytes, or takes no more for now.
        void onWritabilityChanged(boolean writable);

        void onClosed();
    }

    private final Channel channel;
    private final ServerTarget target;
    private final CancelKey cancelKey;
    private final Map<String, String> parameters;
    private @Nullable Listener listener;

    ServerStream(Channel channel, ServerTarget target, CancelKey cancelKey, Map<String, String> parameters) {
        this.channel = channel;
        this.target = target;
        this.cancelKey = cancelKey;
        this.parameters = Map.copyOf(parameters);
    }

    public ServerTarget target() {
        return target;
    }

    public CancelKey cancelKey() {
        return cancelKey;
    }

    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    boolean isEncrypted() {
        return channel.pipeline().get(SslHandler.class) != null;
    }

    /// What the server reported while logging in.
    public Map<String, String> parameters() {
        return parameters;
    }

    /// From now on what the server sends goes here.
    public void listen(Listener to) {
        listener = to;
    }

    /// Takes ownership.
    public void write(ByteBuf bytes) {
        channel.write(bytes, channel.voidPromise());
    }

    public void flush() {
        channel.flush();
    }

    public boolean isWritable() {
        return channel.isWritable();
    }

    /// Stops or resumes reading.
    public void read(boolean wanted) {
        if (channel.config().isAutoRead() != wanted) channel.config().setAutoRead(wanted);
    }

    /// Sends what was written, and ends the connection.
    public void close() {
        listener = null;
        channel.writeAndFlush(channel.alloc().buffer(0)).addListener(flushed -> channel.close());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        onBytes((ByteBuf) message);
    }

    /// Bytes from the server; takes ownership.
    void onBytes(ByteBuf bytes) {
        if (listener == null) bytes.release();
        else listener.onBytes(bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (listener != null) listener.onReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (listener != null) listener.onWritabilityChanged(channel.isWritable());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (listener != null) listener.onClosed();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
