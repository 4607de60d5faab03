package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;

/**
 * One logged-in connection to a PostgreSQL server: hands its answers, as the {@link ResponseLedger} says, to whoever has leased it.
 *
 * <p>Confined to its channel's event loop; {@link #moveTo} changes that loop while the connection is idle. Bytes pass as slices of what was
 * read: one slice for as many messages as can pass together.
 *
 * <pre>
 *   idle --lease--> leased --release--> idle        (the pool decides; any state) --lost/close--> closed
 * </pre>
 */
public final class ServerConnection extends ChannelInboundHandlerAdapter {
    /** Most bytes of an error that are kept for looking at. */
    private static final int FRAME_LIMIT = 1 << 20;

    private static final long EXCHANGE_TIMEOUT_SECONDS = 30;

    private final Channel channel;
    private final ServerTarget target;
    private final CancelKey cancelKey;
    private final Map<String, String> parameters;
    private final MessageDecoder decoder;
    private final ResponseLedger ledger = new ResponseLedger();
    private final ServerStatements statements;
    private final ResponseLedger.DiscardedNotes discarded = this::discarded;
    private final LongSupplier clock;
    private final long openedNanos;
    private final Consumer<ServerConnection> closed;

    private @Nullable ResponseListener listener;
    private TransactionStatus status = TransactionStatus.IDLE;
    private SessionSettings settings = SessionSettings.EMPTY;
    private @Nullable Object unnamedStatement;
    private @Nullable Exchange exchange;
    private @Nullable CloseReason closeReason;
    private @Nullable ErrorFields lastWords;
    private int suppressed;
    private int framesForwarded;
    private boolean rowsForwarded;
    private int cancelsUnderWay;
    private @Nullable Runnable whenCancelsDone;
    private volatile long idleSinceNanos;

    private int runStart = -1;
    private int runEnd;

    /** A conversation of the proxy's own with the server. */
    private record Exchange(
            Consumer<@Nullable ErrorFields> done, @Nullable ErrorFields error) {}

    /**
     * @param parameters what the server reported while logging in
     * @param closed told once when the connection has ended
     */
    ServerConnection(
            Channel channel,
            ServerTarget target,
            CancelKey cancelKey,
            Map<String, String> parameters,
            ServerOptions options,
            Consumer<ServerConnection> closed) {
        this.clock = options.clock();
        this.openedNanos = clock.getAsLong();
        this.idleSinceNanos = openedNanos;
        this.channel = channel;
        this.target = target;
        this.cancelKey = cancelKey;
        this.parameters = parameters;
        this.statements = new ServerStatements(options.statementCache());
        this.decoder = new MessageDecoder(MessageTable.BACKEND, channel.alloc(), FRAME_LIMIT);
        this.closed = closed;
    }

    // What it is

    public ServerTarget target() {
        return target;
    }

    public CancelKey cancelKey() {
        return cancelKey;
    }

    /** The run-time parameters that the server has reported, name to value; live. */
    public Map<String, String> parameters() {
        return parameters;
    }

    public ResponseLedger ledger() {
        return ledger;
    }

    public ServerStatements statements() {
        return statements;
    }

    public TransactionStatus status() {
        return status;
    }

    public SessionSettings settings() {
        return settings;
    }

    /** What the session's settings are now, after a statement of the client changed them. */
    public void settings(SessionSettings now) {
        settings = now;
    }

    /** Whose unnamed statement the server holds; null if nobody's who could still use it. */
    public @Nullable Object unnamedStatement() {
        return unnamedStatement;
    }

    public void unnamedStatement(@Nullable Object statement) {
        unnamedStatement = statement;
    }

    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    public boolean isOpen() {
        return closeReason == null && channel.isActive();
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

    /** Whether the server has nothing left to do: at rest, outside a transaction, no message half sent by it. */
    public boolean isAtRest() {
        return ledger.isAtRest() && status == TransactionStatus.IDLE && !decoder.insideMessage();
    }

    // Leasing

    /** From now on the answers go to this listener. */
    public void lease(ResponseListener to) {
        listener = to;
        framesForwarded = 0;
        rowsForwarded = false;
        suppressed = 0;
    }

    /** Nobody hears the answers from now on. */
    public void unlease() {
        listener = null;
        idleSinceNanos = clock.getAsLong();
        if (!channel.config().isAutoRead()) channel.config().setAutoRead(true);
    }

    /** Moves an idle connection to another event loop, and says there whether that went well; if not, it is closed. */
    public void moveTo(EventLoop loop, Consumer<Boolean> done) {
        eventLoop().execute(() -> {
            channel.config().setAutoRead(false);
            channel.deregister().addListener(left -> {
                if (!left.isSuccess()) {
                    moveFailed(loop, done);
                    return;
                }
                loop.register(channel).addListener(arrived -> {
                    if (!arrived.isSuccess()) {
                        moveFailed(loop, done);
                        return;
                    }
                    channel.config().setAutoRead(true);
                    done.accept(isOpen());
                });
            });
        });
    }

    private void moveFailed(EventLoop loop, Consumer<Boolean> done) {
        close(CloseReason.SERVER_ERROR);
        loop.execute(() -> done.accept(false));
    }

    // Sending

    /** Queues bytes for the server; takes ownership. */
    public void write(ByteBuf bytes) {
        channel.write(bytes, channel.voidPromise());
    }

    public void flush() {
        channel.flush();
    }

    /** A buffer to write a message into. */
    public ByteBuf newBuffer(int size) {
        return channel.alloc().buffer(size);
    }

    public void expect(Expected kind, Action action, @Nullable Object note) {
        ledger.expect(kind, action, note, discarded);
    }

    /** Stops or resumes reading: the client does not keep up, or does again. */
    public void read(boolean wanted) {
        if (channel.config().isAutoRead() != wanted) channel.config().setAutoRead(wanted);
    }

    /** Keeps the next so many answers from the client, which has had them from another server. */
    public void suppress(int frames) {
        suppressed = frames;
    }

    /** Messages other than rows that the client has had of the batch at the head. */
    public int framesForwarded() {
        return framesForwarded;
    }

    /** Whether the client has had rows of the batch at the head, so that it cannot be answered from elsewhere any more. */
    public boolean rowsForwarded() {
        return rowsForwarded;
    }

    /**
     * Runs SQL of the proxy's own, which the client does not see; only while the ledger is at rest.
     *
     * @param done told the error, or null, when the server is ready again; not told if the connection is lost
     */
    public void exchange(String sql, Consumer<@Nullable ErrorFields> done) {
        if (exchange != null) throw new IllegalStateException("an exchange is under way");
        exchange = new Exchange(done, null);
        var out = newBuffer(sql.length() + 16);
        FrontendMessages.query(out, sql);
        expect(Expected.QUERY, Action.SKIP, null);
        write(out);
        flush();
        var mine = exchange;
        eventLoop()
                .schedule(
                        () -> {
                            if (exchange != null && exchange.done() == mine.done()) close(CloseReason.PROBE_FAILED);
                        },
                        EXCHANGE_TIMEOUT_SECONDS,
                        TimeUnit.SECONDS);
    }

    // Receiving

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        takeOver((ByteBuf) message);
    }

    /** Bytes from the server; takes ownership. */
    void takeOver(ByteBuf in) {
        try {
            boolean handedOver = decode(in);
            if (handedOver) in = Unpooled.EMPTY_BUFFER;
        } catch (ProtocolViolation violation) {
            close(CloseReason.PROTOCOL_VIOLATION);
        } finally {
            in.release();
        }
    }

    /** Whether the buffer itself was handed over, so that it is not ours to release. */
    private boolean decode(ByteBuf in) {
        runStart = -1;
        int first = in.readerIndex();
        while (true) {
            switch (decoder.next(in)) {
                case NEED_MORE -> {
                    return finishRuns(in, first);
                }
                case RUN -> run(in);
                case FRAME, LARGE_FRAME -> frame(in);
            }
        }
    }

    private boolean finishRuns(ByteBuf in, int first) {
        if (runStart < 0) return false;
        if (runStart == first && runEnd == in.writerIndex() && listener != null) {
            runStart = -1;
            listener.onBytes(this, in.setIndex(first, runEnd));
            return true;
        }
        emit(in);
        return false;
    }

    private void run(ByteBuf in) {
        if (listener == null || ledger.current() != Action.FORWARD) {
            emit(in);
            return;
        }
        rowsForwarded |= decoder.hasDataRow();
        extend(in);
    }

    private void extend(ByteBuf in) {
        if (decoder.buffer() != in) {
            emit(in);
            if (listener != null)
                listener.onBytes(
                        this, decoder.buffer().retainedSlice(decoder.start(), decoder.end() - decoder.start()));
            return;
        }
        if (runStart < 0) runStart = decoder.start();
        runEnd = decoder.end();
    }

    private void emit(ByteBuf in) {
        if (runStart < 0) return;
        var bytes = in.retainedSlice(runStart, runEnd - runStart);
        runStart = -1;
        if (listener == null) bytes.release();
        else listener.onBytes(this, bytes);
    }

    private void frame(ByteBuf in) {
        switch (decoder.type()) {
            case MessageType.READY_FOR_QUERY -> ready(in);
            case MessageType.ERROR_RESPONSE -> error(in);
            case MessageType.PARAMETER_STATUS -> parameterStatus(in);
            case MessageType.NOTIFICATION_RESPONSE -> pass(in, listener != null);
            case MessageType.COPY_IN_RESPONSE -> {
                ledger.copyInStarted(discarded);
                pass(in, forwards());
            }
            default -> answer(in);
        }
    }

    private boolean forwards() {
        return listener != null && ledger.current() == Action.FORWARD;
    }

    private void pass(ByteBuf in, boolean forward) {
        if (forward) {
            framesForwarded++;
            extend(in);
        } else {
            emit(in);
        }
    }

    private void answer(ByteBuf in) {
        byte type = decoder.type();
        boolean forward = forwards();
        if (forward && suppressed > 0) {
            suppressed--;
            framesForwarded++;
            forward = false;
        }
        if (ledger.ends(type)) {
            var kind = ledger.headExpected();
            var note = ledger.take();
            if (listener != null) listener.onAnswered(this, kind, type, note);
        }
        pass(in, forward);
        if (ledger.isFakeNext()) fakes(in);
    }

    /** Gives the answers that are the proxy's own to give at this position. */
    private void fakes(ByteBuf in) {
        emit(in);
        sendFakes();
    }

    /** Gives the answers that stand at the head of the ledger and are the proxy's own to give. */
    public void sendFakes() {
        while (ledger.isFakeNext()) {
            if (!(ledger.take() instanceof FakeAnswer(ByteBuf bytes, var note))) continue;
            if (listener == null) bytes.release();
            else listener.onBytes(this, bytes);
        }
    }

    private void error(ByteBuf in) {
        var error = WireReader.errorFields(decoder.buffer(), decoder.start(), decoder.end());
        if (error.endsSession()) {
            lastWords = error;
            emit(in);
            return;
        }
        boolean ours = ledger.current() == Action.SKIP && exchange != null;
        if (ours && exchange != null) exchange = new Exchange(exchange.done(), error);
        emit(in);
        boolean forward =
                listener != null && !ours && ledger.readyAction() != Action.SKIP && listener.onError(this, error);
        pass(in, forward);
        ledger.failed(discarded);
    }

    private void parameterStatus(ByteBuf in) {
        var buffer = decoder.buffer();
        int end = decoder.end();
        int nameStart = decoder.start() + 5;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        var name = WireReader.string(buffer, nameStart, end);
        var value = WireReader.string(buffer, nameEnd + 1, end);
        parameters.put(name, value);
        if (forwards() && listener != null) listener.onParameterStatus(this, name, value);
        pass(in, forwards());
    }

    private void ready(ByteBuf in) {
        status = WireReader.readyForQuery(decoder.buffer(), decoder.start());
        boolean forward = listener != null && ledger.readyAction() == Action.FORWARD;
        var note = ledger.noteOfNextReady();
        boolean expected = ledger.ready(discarded);
        if (!expected) throw new ProtocolViolation("ReadyForQuery that nobody asked for");
        if (exchange != null) {
            emit(in);
            exchangeDone();
            return;
        }
        pass(in, forward);
        emit(in);
        framesForwarded = 0;
        rowsForwarded = false;
        if (listener != null) listener.onReady(this, status, note);
        if (ledger.isFakeNext()) sendFakes();
    }

    private void exchangeDone() {
        var finished = exchange;
        exchange = null;
        if (finished != null) finished.done().accept(finished.error());
    }

    private static void releaseFake(Expected kind, Action action, @Nullable Object note) {
        if (note instanceof FakeAnswer fake) fake.bytes().release();
    }

    private void discarded(Expected kind, Action action, @Nullable Object note) {
        var ofClient = note;
        if (note instanceof FakeAnswer(ByteBuf bytes, var inner)) {
            bytes.release();
            ofClient = inner;
        }
        if (listener != null) listener.onDiscarded(this, kind, action, ofClient);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (listener != null) listener.onReadComplete(this);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (listener != null) listener.onWritabilityChanged(this, channel.isWritable());
    }

    // Cancelling

    /** A cancel request is on its way: the connection must not change hands before it has arrived. */
    public void cancelStarted() {
        cancelsUnderWay++;
    }

    public void cancelEnded() {
        cancelsUnderWay--;
        var waiting = whenCancelsDone;
        if (cancelsUnderWay > 0 || waiting == null) return;
        whenCancelsDone = null;
        waiting.run();
    }

    /** Runs the action once no cancel request is on its way to this server: at once as a rule. */
    public void afterCancels(Runnable action) {
        if (cancelsUnderWay == 0) action.run();
        else whenCancelsDone = action;
    }

    // Ending

    /** Ends the connection; what it owed is given back. May be called more than once; the first reason counts. */
    public void close(CloseReason reason) {
        if (closeReason != null) return;
        closeReason = reason;
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        var out = channel.alloc().buffer(8);
        FrontendMessages.terminate(out);
        channel.writeAndFlush(out).addListener(written -> channel.close());
    }

    public CloseReason closeReason() {
        return closeReason == null ? CloseReason.SERVER_CLOSED : closeReason;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (closeReason == null) closeReason = CloseReason.SERVER_CLOSED;
        decoder.close();
        var lessee = listener;
        ledger.abandon(ServerConnection::releaseFake);
        listener = null;
        exchange = null;
        closed.accept(this);
        if (lessee != null) lessee.onLost(this, closeReason, lastWords);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (lastWords == null)
            lastWords = ErrorFields.fatal(SqlState.CONNECTION_FAILURE, String.valueOf(cause.getMessage()));
        if (closeReason == null) closeReason = CloseReason.SERVER_ERROR;
        context.close();
    }

    @Override
    public String toString() {
        return "ServerConnection[" + target + ", pid " + cancelKey.processId() + "]";
    }
}
