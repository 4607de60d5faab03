package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/// One logged-in connection to a PostgreSQL server, as its pool and whoever has leased it see it.
///
/// Confined to its channel's event loop; [#moveTo] changes that loop while the connection is idle. What
/// the server sends is read by [ServerAnswers], and what it still owes stands in the [ResponseLedger].
///
/// ```
///   idle --lease--> leased --release--> idle        (the pool decides; any state) --lost/close--> closed
/// ```
public final class ServerConnection extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);
    /// How long a server may take to read Terminate.
    private static final long CLOSE_SECONDS = 1;

    private final Channel channel;
    private final ServerTarget target;
    private final CancelKey cancelKey;
    private final Map<String, String> parameters;
    private final ResponseLedger ledger = new ResponseLedger();
    private final ServerAnswers answers;
    private final ServerSession session;
    private final CancelsUnderWay cancels = new CancelsUnderWay();
    private final LongSupplier clock;
    private final long openedNanos;
    private final Consumer<ServerConnection> closed;

    private boolean endedInsideMessage;
    private boolean endedWhileDiscarding;
    private boolean endedAnswered;
    private @Nullable CloseReason closeReason;
    private @Nullable Throwable failure;
    private volatile long idleSinceNanos;

    /// @param parameters what the server reported while logging in
    /// @param openedNanos when the login began
    /// @param closed told once when the connection has ended
    ServerConnection(
            Channel channel,
            ServerTarget target,
            CancelKey cancelKey,
            Map<String, String> parameters,
            ServerOptions options,
            long openedNanos,
            Consumer<ServerConnection> closed) {
        this.clock = options.clock();
        this.openedNanos = openedNanos;
        this.idleSinceNanos = clock.getAsLong();
        this.channel = channel;
        this.target = target;
        this.cancelKey = cancelKey;
        this.parameters = parameters;
        this.session = new ServerSession(InitialValues.of(parameters, Set.of()), options.statementCache());
        this.answers = new ServerAnswers(this, ledger, channel.alloc());
        this.closed = closed;
    }

    // What it is

    public ServerTarget target() {
        return target;
    }

    public CancelKey cancelKey() {
        return cancelKey;
    }

    /// The run-time parameters that the server has reported, name to value; live.
    public Map<String, String> parameters() {
        return parameters;
    }

    public ResponseLedger ledger() {
        return ledger;
    }

    /// What the server's session may hold.
    public ServerSession session() {
        return session;
    }

    public TransactionStatus status() {
        return answers.status();
    }

    /// The server has answered a BEGIN in the middle of a batch.
    public void transactionBegun() {
        answers.transactionBegun();
    }

    /// A command has completed that ends a transaction block; the batch or string may go on behind it.
    public void blockEnded() {
        ledger().pipelined().inBlock(false);
    }

    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    public boolean isOpen() {
        return closeReason == null && channel.isActive();
    }

    boolean isEncrypted() {
        return channel.pipeline().get(SslHandler.class) != null;
    }

    public boolean isWritable() {
        return channel.isWritable();
    }

    public long openedNanos() {
        return openedNanos;
    }

    public long idleSinceNanos() {
        return idleSinceNanos;
    }

    /// Whether the server has nothing left to do: at rest, outside a transaction, no message half sent
    /// by it.
    public boolean isAtRest() {
        return ledger.isAtRest() && status() == TransactionStatus.IDLE && !answers.insideMessage();
    }

    // Leasing

    /// From now on the answers go to this listener.
    public void lease(AnswerOwner to) {
        answers.lessee(to);
    }

    /// Nobody hears the answers from now on.
    public void unlease() {
        answers.lessee(null);
        idleSinceNanos = clock.getAsLong();
        read(true);
    }

    /// Moves an idle connection to another event loop, and says there whether that went well; if not, it
    /// is closed.
    public void moveTo(EventLoop loop, Consumer<Boolean> done) {
        new LoopMove(this, channel, loop, done).begin();
    }

    // Sending

    /// Queues bytes for the server; takes ownership.
    public void write(ByteBuf bytes) {
        channel.write(bytes, channel.voidPromise());
    }

    public void flush() {
        channel.flush();
    }

    /// A buffer to write a message into.
    public ByteBuf newBuffer(int size) {
        return channel.alloc().buffer(size);
    }

    /// An answer is owed to somebody for what is written next.
    public void expect(RequestKind kind, AnswerFate fate, AnswerOwner owner, Note note) {
        ledger.expect(kind, fate, owner, note);
    }

    // Receiving

    /// Stops or resumes reading: the client does not keep up, or does again.
    public void read(boolean wanted) {
        if (channel.config().isAutoRead() != wanted) channel.config().setAutoRead(wanted);
    }

    /// Whether what the server sends is read.
    boolean isRead() {
        return channel.config().isAutoRead();
    }

    /// Whether the connection ended in the middle of a message of which its lessee has a part.
    public boolean endedInsideMessage() {
        return endedInsideMessage;
    }

    /// Whether the connection ended when the server had told of an error, and was discarding what came
    /// up to Sync.
    public boolean endedWhileDiscarding() {
        return endedWhileDiscarding;
    }

    /// Whether the connection ended when every request had been answered, or was to be discarded.
    public boolean endedAnswered() {
        return endedAnswered;
    }

    /// Whether a transaction is open, or was at the end, that nobody has begun: the next Sync commits the transaction.
    public boolean isImplicit() {
        return answers.isImplicit();
    }

    /// Whether a transaction block is open.
    public boolean isInBlock() {
        return answers.isInBlock();
    }

    /// Gives the answers that stand at the head of the ledger and are the proxy's own to give.
    public void sendFakes() {
        answers.sendFakes();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        takeOver((ByteBuf) message);
    }

    /// Bytes from the server; takes ownership.
    void takeOver(ByteBuf in) {
        if (isUnreadable()) {
            in.release();
            return;
        }
        try {
            answers.onRead(in);
        } catch (ProtocolViolation violation) {
            logged(log.atWarn(), CloseReason.PROTOCOL_VIOLATION)
                    .log("server connection closed: {}", violation.getMessage());
            close(CloseReason.PROTOCOL_VIOLATION);
        } catch (RuntimeException failure) {
            logged(log.atError(), CloseReason.INTERNAL_ERROR)
                    .setCause(failure)
                    .log("an answer could not be dealt with: the server connection is closed");
            close(CloseReason.INTERNAL_ERROR);
        }
    }

    /// Whether nobody can tell any more what its bytes answer.
    private boolean isUnreadable() {
        return closeReason == CloseReason.PROTOCOL_VIOLATION || closeReason == CloseReason.INTERNAL_ERROR;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        var lessee = answers.lessee();
        if (lessee != null) lessee.onReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        var lessee = answers.lessee();
        if (lessee != null) lessee.onWritabilityChanged(channel.isWritable());
    }

    // Cancelling

    /// A cancel request is on its way: the connection must not change hands before it has arrived.
    public void cancelStarted() {
        cancels.started();
    }

    public void cancelEnded() {
        cancels.ended();
    }

    /// Runs the action once no cancel request is on its way to this server: at once as a rule.
    public void afterCancels(Runnable action) {
        cancels.whenDone(action);
    }

    // Ending

    /// Ends the connection; what it owed is given back. May be called more than once; the first reason
    /// counts.
    public void close(CloseReason reason) {
        if (closeReason != null) return;
        closeReason = reason;
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        var out = newBuffer(8);
        FrontendMessages.terminate(out);
        var written = channel.writeAndFlush(out).addListener(_ -> channel.close());
        // A server that hangs takes no more bytes, and must not hold the connection.
        if (!written.isDone()) eventLoop().schedule(() -> channel.close(), CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    public CloseReason closeReason() {
        return closeReason == null ? CloseReason.SERVER_CLOSED : closeReason;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (closeReason == null) closeReason = CloseReason.SERVER_CLOSED;
        if (closeReason.isUnexpected())
            logged(log.atInfo(), closeReason).log("server connection ended: {}", lastWordsOrNone());
        var lessee = answers.lessee();
        endedInsideMessage = answers.insideLesseesMessage();
        endedWhileDiscarding = ledger.isDiscarding();
        endedAnswered = ledger.isEmpty();
        answers.close();
        closed.accept(this);
        if (lessee != null) lessee.onLost(closeReason, answers.lastWords());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // No word of the server's, which may have done everything that it was asked.
        failure = cause;
        if (closeReason == null) closeReason = CloseReason.SERVER_ERROR;
        context.close();
    }

    private String lastWordsOrNone() {
        var words = answers.lastWords();
        if (words != null) return words.sqlState() + " " + words.message();
        return failure == null ? "without a word" : String.valueOf(failure.getMessage());
    }

    private LoggingEventBuilder logged(LoggingEventBuilder event, CloseReason reason) {
        return event.addKeyValue("server", cancelKey.processId())
                .addKeyValue("node", target.node())
                .addKeyValue("database", target.database())
                .addKeyValue("user", target.user())
                .addKeyValue("reason", reason.label());
    }

    @Override
    public String toString() {
        return "ServerConnection[" + target + ", pid " + cancelKey.processId() + "]";
    }
}
