package org.pgdrover.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.pgdrover.protocol.codec.FrontendMessages;

/**
 * Asks a server to cancel what one of its connections is running (PostgreSQL manual, section 54.2.8).
 *
 * <p>Until the server has closed the cancelling connection, which it does after it has signalled the process, the cancelled connection may not
 * change hands: {@link ServerConnection#afterCancels}.
 */
public final class CancelSender {
    private static final int CONNECT_TIMEOUT_MILLIS = 3_000;
    private static final int ANSWER_TIMEOUT_SECONDS = 5;

    private final Transport transport;

    public CancelSender(Transport transport) {
        this.transport = transport;
    }

    /** Called on the server connection's event loop. */
    public void cancel(ServerConnection server) {
        server.cancelStarted();
        var endpoint = server.target().endpoint();
        new Bootstrap()
                .group(server.eventLoop())
                .channelFactory(transport.sockets())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext context) {
                        var out = context.alloc().buffer(32);
                        FrontendMessages.cancelRequest(out, server.cancelKey());
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
                })
                .connect(endpoint.host(), endpoint.port())
                .addListener(connected -> {
                    var future = (io.netty.channel.ChannelFuture) connected;
                    if (future.isSuccess()) future.channel().closeFuture().addListener(closed -> server.cancelEnded());
                    else server.cancelEnded();
                });
    }
}
