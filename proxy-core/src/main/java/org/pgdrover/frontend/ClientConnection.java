package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.tls.TlsFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// One client's connection: the last handler of its channel, which forwards every event to the current
/// [Phase].
public final class ClientConnection extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);

    /// How long a client that is to be ended may take to read what it is told last.
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final long id;
    private final Channel channel;
    private final Clients clients;
    private final Entrance entrance;
    private final Duration loginTimeout;
    private final ClientEncryption encryption;
    private final @Nullable InetAddress address;
    private Phase phase;
    private @Nullable DisconnectReason reason;
    private @Nullable Future<?> deadline;
    private boolean loggedIn;
    private boolean gone;
    private boolean left;

    /// @param id number of the connection, unique while the proxy runs
    public ClientConnection(long id, Channel channel, Clients clients, Entrance entrance, Duration loginTimeout) {
        this.id = id;
        this.channel = channel;
        this.clients = clients;
        this.entrance = entrance;
        this.loginTimeout = loginTimeout;
        this.encryption = new ClientEncryption(channel, loginTimeout);
        this.address = channel.remoteAddress() instanceof InetSocketAddress inet ? inet.getAddress() : null;
        this.phase = entrance.begin(this);
    }

    public long id() {
        return id;
    }

    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    public Channel channel() {
        return channel;
    }

    public boolean isOpen() {
        return channel.isActive() && reason == null;
    }

    /// Whether bytes may be written now without gathering; those for a client that is gone do not
    /// gather.
    public boolean isWritable() {
        return gone || channel.isWritable();
    }

    /// Whether it came over a Unix-domain socket, where there is no TLS.
    public boolean isLocal() {
        return address() == null;
    }

    public ClientEncryption encryption() {
        return encryption;
    }

    /// The client's address, or null on a Unix-domain socket.
    public @Nullable InetAddress address() {
        return address;
    }

    /// The next phase takes over.
    public void become(Phase next) {
        phase = next;
        next.onEnter();
    }

    /// The client may use the session now; the time to log in no longer runs.
    public void loggedIn() {
        loggedIn = true;
        endDeadline();
        entrance.loggedIn(this);
    }

    public boolean isLoggedIn() {
        return loggedIn;
    }

    public ByteBuf newBuffer(int size) {
        return channel.alloc().buffer(size);
    }

    public void write(ByteBuf bytes) {
        if (gone) {
            bytes.release();
            return;
        }
        clients.sent(bytes.readableBytes());
        channel.write(bytes, channel.voidPromise());
    }

    public void flush() {
        channel.flush();
    }

    public void writeAndFlush(ByteBuf bytes) {
        clients.sent(bytes.readableBytes());
        channel.writeAndFlush(bytes, channel.voidPromise());
    }

    /// Stops or resumes reading from the client.
    public void read(boolean wanted) {
        if (channel.config().isAutoRead() != wanted) channel.config().setAutoRead(wanted);
    }

    /// Ends the session with an error that says why.
    public void closeWith(ErrorFields error, DisconnectReason why) {
        if (reason != null) return;
        if (encryption.isBeginning()) {
            // Nothing can be said: not in the clear, and not yet otherwise.
            close(why);
            return;
        }
        reason = why;
        if (!loggedIn) clients.loginRefused(error.sqlState());
        var out = newBuffer(256);
        BackendMessages.error(out, error.asFatal());
        closeOnceWritten(out);
    }

    /// A client that does not read is not waited for without an end.
    private void closeOnceWritten(ByteBuf last) {
        var written = channel.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
        if (!written.isDone()) eventLoop().schedule(() -> channel.close(), LAST_WORDS.toSeconds(), TimeUnit.SECONDS);
    }

    /// Ends the session once the client has had what was written to it.
    public void closeAfterFlush(DisconnectReason why) {
        if (reason == null) reason = why;
        closeOnceWritten(channel.alloc().buffer(0));
    }

    public void close(DisconnectReason why) {
        if (reason == null) reason = why;
        channel.close();
    }

    /// The proxy stops: ends the session as PostgreSQL would, unless something may have been committed that
    /// has not been answered. May be called from any thread.
    public void shutDown() {
        execute(() -> {
            if (gone && !left) phase.giveUp();
            closeWith(phase.stops(), DisconnectReason.SHUTDOWN);
        });
    }

    /// Cancels what the client is running. May be called from any thread.
    ///
    /// @param done run once, on any thread, when the request has reached the server, or has turned out
    /// to be of no use
    public void cancel(Runnable done) {
        execute(() -> {
            try {
                phase.onCancel(done);
            } catch (Throwable failure) {
                failed(failure);
                done.run();
            }
        });
    }

    // Turns of the client's work: whatever one throws ends this client, and reaches nobody else.

    /// Runs a turn of the client's work now; on the client's event loop only.
    public void run(Runnable turn) {
        try {
            turn.run();
        } catch (Throwable failure) {
            failed(failure);
        }
    }

    /// Runs a turn of the client's work soon. May be called from any thread.
    public void execute(Runnable turn) {
        eventLoop().execute(() -> run(turn));
    }

    /// Runs a turn of the client's work later.
    public Future<?> schedule(Runnable turn, Duration delay) {
        return eventLoop().schedule(() -> run(turn), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /// The client's work has thrown: the client's mistake, or ours. On the client's event loop only.
    public void failed(Throwable failure) {
        if (failure instanceof ProtocolViolation violation) {
            violated(violation);
            return;
        }
        log.atError().setCause(failure).addKeyValue("client", id).log("the proxy failed at a client's work");
        clients.failedInside();
        closeWith(
                ErrorFields.fatal(SqlState.INTERNAL_ERROR, "internal error of the proxy")
                        .withHint("The proxy's log says more."),
                DisconnectReason.INTERNAL_ERROR);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        clients.connected(this);
        long seconds = Math.max(1, loginTimeout.toSeconds());
        deadline = schedule(this::loginTimedOut, Duration.ofSeconds(seconds));
        run(phase::onEnter);
    }

    /// Otherwise the event loop would keep thousands of connections that have long gone.
    private void endDeadline() {
        if (deadline != null) deadline.cancel(false);
        deadline = null;
    }

    private void loginTimedOut() {
        if (loggedIn || !isOpen()) return;
        var usual = ErrorFields.fatal(SqlState.INVALID_AUTHORIZATION, "canceling authentication due to timeout")
                .withHint("auth.timeout is " + loginTimeout.toSeconds() + " s.");
        closeWith(phase.timedOut(usual), DisconnectReason.LOGIN_TIMEOUT);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (reason != null) {
            ReferenceCountUtil.release(message);
            return;
        }
        try {
            var bytes = (ByteBuf) message;
            clients.received(bytes.readableBytes());
            phase.onRead(bytes);
        } catch (Throwable failure) {
            failed(failure);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent handshake)) return;
        if (!handshake.isSuccess()) {
            tlsFailed(handshake.cause());
            return;
        }
        encryption.begun();
        run(phase::onEncrypted);
    }

    private void tlsFailed(Throwable cause) {
        // A client that only looks whether somebody listens, and leaves, is no news.
        boolean news = cause instanceof SSLException || cause instanceof DecoderException;
        if (reason == null)
            log.atLevel(news ? Level.INFO : Level.DEBUG)
                    .addKeyValue("client", id)
                    .addKeyValue("address", channel.remoteAddress())
                    .log("TLS with client failed: {}", TlsFailure.describe(cause));
        close(DisconnectReason.TLS_FAILED);
    }

    private void violated(ProtocolViolation violation) {
        if (violation.isAnswered()) {
            closeWith(
                    ErrorFields.fatal(violation.sqlState(), String.valueOf(violation.getMessage())),
                    DisconnectReason.PROTOCOL_VIOLATION);
        } else {
            log.atDebug().addKeyValue("client", id).log("closed without a word: {}", violation.getMessage());
            close(DisconnectReason.PROTOCOL_VIOLATION);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        try {
            phase.onReadComplete();
        } catch (Throwable failure) {
            failed(failure);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        try {
            phase.onWritabilityChanged(channel.isWritable());
        } catch (Throwable failure) {
            failed(failure);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (reason == null) reason = DisconnectReason.CLIENT_CLOSED;
        gone = true;
        endDeadline();
        run(clients.isStopping() ? phase::giveUp : phase::onClosed);
        if (!phase.goesOn()) left();
    }

    /// Nothing is done any more for the client, which is gone.
    public void left() {
        if (left) return;
        left = true;
        clients.disconnected(this, reason == null ? DisconnectReason.CLIENT_CLOSED : reason);
        entrance.left(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (encryption.isBeginning()) {
            tlsFailed(cause);
            return;
        }
        if (cause instanceof IOException || cause.getCause() instanceof IOException)
            log.atDebug().addKeyValue("client", id).log("connection to client broke: {}", cause.getMessage());
        else if (cause instanceof DecoderException)
            log.atInfo().addKeyValue("client", id).log("TLS with client broke: {}", TlsFailure.describe(cause));
        else failed(cause);
        close(DisconnectReason.CLIENT_ERROR);
    }
}
