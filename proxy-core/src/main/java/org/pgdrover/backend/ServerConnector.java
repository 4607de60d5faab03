package org.pgdrover.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.ServerTls.Attempt;

/// Dials servers, encrypts and logs in, in the one or two ways that `cluster.tls.mode` allows.
public final class ServerConnector {
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

    private final Transport transport;
    private final Supplier<ServerTls> tls;
    private final ServerOptions options;

    /// @param tls in force now
    public ServerConnector(Transport transport, Supplier<ServerTls> tls, ServerOptions options) {
        this.transport = transport;
        this.tls = tls;
        this.options = options;
    }

    /// Opens a connection on an event loop; one of the first two callbacks is called there.
    ///
    /// @param ended told when a connection that was opened has ended
    public void connect(
            ServerTarget target,
            EventLoop loop,
            Consumer<ServerConnection> opened,
            ConnectFailed failed,
            Consumer<ServerConnection> ended) {
        dial(target, loop, new PooledSuccessor(target, options, opened, ended), failed);
    }

    /// Opens a connection that belongs to one client alone; one of the callbacks is called on the event
    /// loop.
    ///
    /// @param startupParameters the client's own
    public void connectStream(
            ServerTarget target,
            Map<String, String> startupParameters,
            EventLoop loop,
            Consumer<ServerStream> opened,
            ConnectFailed failed) {
        dial(target, loop, new StreamSuccessor(target, startupParameters, opened), failed);
    }

    private void dial(ServerTarget target, EventLoop loop, Successor successor, ConnectFailed failed) {
        var now = tls.get();
        new Dial(target, loop, successor, failed, now, now.attempts().iterator()).next();
    }

    /// One connection that somebody waits for.
    private final class Dial {
        private final ServerTarget target;
        private final EventLoop loop;
        private final Successor successor;
        private final ConnectFailed failed;
        private final ServerTls tls;
        private final Iterator<Attempt> attempts;
        private @Nullable ServerEncryption encryption;

        Dial(
                ServerTarget target,
                EventLoop loop,
                Successor successor,
                ConnectFailed failed,
                ServerTls tls,
                Iterator<Attempt> attempts) {
            this.target = target;
            this.loop = loop;
            this.successor = successor;
            this.failed = failed;
            this.tls = tls;
            this.attempts = attempts;
        }

        void next() {
            encryption = switch (attempts.next()) {
                case PLAIN -> null;
                case TLS ->
                    new ServerEncryption(tls, target.endpoint(), tls.mode().requires());
            };
            new Bootstrap()
                    .group(loop)
                    .channelFactory(transport::newSocket)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.SO_KEEPALIVE, true)
                    .option(ChannelOption.RECVBUF_ALLOCATOR, Transport.readBuffers())
                    .handler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            if (encryption != null) channel.pipeline().addLast("encryption", encryption);
                            channel.pipeline()
                                    .addLast(
                                            "login",
                                            new ServerLogin(
                                                    target, options.login(), successor, Dial.this::loginFailed));
                        }
                    })
                    .connect(target.endpoint().host(), target.endpoint().port())
                    .addListener(done -> {
                        if (!done.isSuccess())
                            failed.failed(false, unreachable(target, ((ChannelFuture) done).cause()));
                    });
        }

        private void loginFailed(boolean refused, ErrorFields error) {
            if (attempts.hasNext() && mayGoBetter(refused, error)) next();
            else failed.failed(refused, error);
        }

        /// What the server might say otherwise with TLS, or without: no line of its pg_hba.conf fitted,
        /// or they could not agree on TLS.
        private boolean mayGoBetter(boolean refused, ErrorFields error) {
            var tried = encryption;
            if (tried != null && tried.hasFailed()) return true;
            boolean turnedAway = refused && error.sqlState().equals(SqlState.INVALID_AUTHORIZATION);
            return turnedAway && (tried == null || tried.hasBegun());
        }
    }

    private static ErrorFields unreachable(ServerTarget target, Throwable cause) {
        return ErrorFields.error(
                SqlState.CONNECTION_FAILURE,
                "could not connect to node " + target.node() + " at " + target.endpoint() + ": " + cause.getMessage());
    }
}
