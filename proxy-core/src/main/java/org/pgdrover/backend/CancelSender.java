package org.pgdrover.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.pgdrover.config.Endpoint;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.tls.ServerTls;

/// Asks a server to cancel what one of its connections is running (PostgreSQL manual, section 54.2.8).
///
/// Until the server has closed the cancelling connection, which it does after it has signalled the
/// process, the cancelled connection may not change hands: [ServerConnection#afterCancels].
public final class CancelSender {
    private static final int CONNECT_TIMEOUT_MILLIS = 3_000;
    private static final int ANSWER_TIMEOUT_SECONDS = 5;

    private final Transport transport;
    private final Supplier<ServerTls> tls;

    /// @param tls in force now
    public CancelSender(Transport transport, Supplier<ServerTls> tls) {
        this.transport = transport;
        this.tls = tls;
    }

    /// Called on the server connection's event loop.
    public void cancel(ServerConnection server) {
        cancel(server, () -> {});
    }

    /// Called on the server connection's event loop.
    ///
    /// @param ended run when the server has closed the cancelling connection, or it could not be made
    public void cancel(ServerConnection server, Runnable ended) {
        server.cancelStarted();
        send(server.eventLoop(), server.target().endpoint(), server.isEncrypted(), server.cancelKey(), () -> {
            ended.run();
            server.cancelEnded();
        });
    }

    /// The same for a connection that never changes hands.
    ///
    /// @param ended run when the server has closed the cancelling connection, or it could not be made
    public void cancel(ServerStream server, Runnable ended) {
        send(server.eventLoop(), server.target().endpoint(), server.isEncrypted(), server.cancelKey(), ended);
    }

    private void send(EventLoop loop, Endpoint endpoint, boolean encrypted, CancelKey key, Runnable ended) {
        new Bootstrap()
                .group(loop)
                .channelFactory(transport::newSocket)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        // The key of an encrypted connection must not be read from the wire by others either.
                        if (encrypted) channel.pipeline().addLast(new ServerEncryption(tls.get(), endpoint, true));
                        channel.pipeline().addLast(new Request(key));
                    }
                })
                .connect(endpoint.host(), endpoint.port())
                .addListener(connected -> {
                    var future = (ChannelFuture) connected;
                    if (future.isSuccess()) future.channel().closeFuture().addListener(closed -> ended.run());
                    else ended.run();
                });
    }

    /// Sends the request as soon as the channel is ready for it, and waits for the server to close.
    private static final class Request extends ChannelInboundHandlerAdapter {
        private final CancelKey key;

        Request(CancelKey key) {
            this.key = key;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.executor()
                    .schedule(
                            () -> context.close(),
                            CONNECT_TIMEOUT_MILLIS + ANSWER_TIMEOUT_SECONDS * 1000L,
                            TimeUnit.MILLISECONDS);
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            var out = context.alloc().buffer(32);
            FrontendMessages.cancelRequest(out, key);
            context.writeAndFlush(out);
            context.executor().schedule(() -> context.close(), ANSWER_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
