package org.pgdrover.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/** Dials servers and logs in to them. */
public final class ServerConnector {
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

    private final Transport transport;
    private final ServerTls tls;
    private final ServerOptions options;

    public ServerConnector(Transport transport, ServerTls tls, ServerOptions options) {
        this.transport = transport;
        this.tls = tls;
        this.options = options;
    }

    /**
     * Opens a connection on an event loop; one of the first two callbacks is called there.
     *
     * @param ended told when a connection that was opened has ended
     */
    public void connect(
            ServerTarget target,
            EventLoop loop,
            Consumer<ServerConnection> opened,
            ConnectFailed failed,
            Consumer<ServerConnection> ended) {
        new Bootstrap()
                .group(loop)
                .channelFactory(transport.sockets())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, Transport.readBuffers())
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast("login", new ServerLogin(target, tls, options, opened, failed, ended));
                    }
                })
                .connect(target.endpoint().host(), target.endpoint().port())
                .addListener(done -> {
                    if (!done.isSuccess()) failed.failed(false, unreachable(target, ((ChannelFuture) done).cause()));
                });
    }

    private static ErrorFields unreachable(ServerTarget target, Throwable cause) {
        return ErrorFields.error(
                SqlState.CONNECTION_FAILURE,
                "could not connect to node " + target.node() + " at " + target.endpoint() + ": " + cause.getMessage());
    }
}
