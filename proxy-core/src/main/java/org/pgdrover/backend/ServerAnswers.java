package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;

/**
 * Reads what a server sends and hands it, as the {@link ResponseLedger} says, to the listener of its connection.
 *
 * <p>Bytes pass as slices of what was read: one slice for as many messages as can pass together. Confined to the connection's event loop.
 */
final class ServerAnswers {
    /** Most bytes of an error that are kept for looking at. */
    private static final int FRAME_LIMIT = 1 << 20;

    private final ServerConnection server;
    private final ResponseLedger ledger;
    private final MessageDecoder decoder;
    private final ResponseLedger.DiscardedNotes discarded = this::discarded;

    private @Nullable ResponseListener listener;
    private TransactionStatus status = TransactionStatus.IDLE;
    private @Nullable ErrorFields lastWords;
    private int suppressed;
    private int framesForwarded;
    private boolean rowsForwarded;

    /** Bytes of the buffer in hand that pass to the listener together; none while the start is negative. */
    private int runStart = -1;

    private int runEnd;

    ServerAnswers(ServerConnection server, ResponseLedger ledger, ByteBufAllocator allocator) {
        this.server = server;
        this.ledger = ledger;
        this.decoder = new MessageDecoder(MessageTable.BACKEND, allocator, FRAME_LIMIT);
    }

    /** From now on the answers go to this listener, or to nobody. */
    void listener(@Nullable ResponseListener to) {
        listener = to;
        framesForwarded = 0;
        rowsForwarded = false;
        suppressed = 0;
    }

    @Nullable
    ResponseListener listener() {
        return listener;
    }

    TransactionStatus status() {
        return status;
    }

    /** The error with which the server ended the session, if it did. */
    @Nullable
    ErrorFields lastWords() {
        return lastWords;
    }

    /** What is to be known as the reason if the server gives none. */
    void lastWords(ErrorFields error) {
        if (lastWords == null) lastWords = error;
    }

    boolean insideMessage() {
        return decoder.insideMessage();
    }

    void suppress(int frames) {
        suppressed = frames;
    }

    int framesForwarded() {
        return framesForwarded;
    }

    boolean rowsForwarded() {
        return rowsForwarded;
    }

    /** An answer is now owed. */
    void expect(Expected kind, Action action, @Nullable Object note) {
        ledger.expect(kind, action, note, discarded);
    }

    /** Nothing more will come, and nobody hears of what was owed. */
    void close() {
        decoder.close();
        ledger.abandon(ServerAnswers::releaseFake);
        listener = null;
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
        if (listener != null) listener.onDiscarded(server, kind, action, ofClient);
    }

    /**
     * Bytes from the server; takes ownership.
     *
     * @throws ProtocolViolation if no PostgreSQL server would have sent them
     */
    void onRead(ByteBuf in) {
        boolean handedOver = false;
        try {
            handedOver = decode(in);
        } finally {
            if (!handedOver) in.release();
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

    // What passes

    private boolean finishRuns(ByteBuf in, int first) {
        if (runStart < 0) return false;
        if (runStart == first && runEnd == in.writerIndex() && listener != null) {
            runStart = -1;
            listener.onBytes(server, in.setIndex(first, runEnd));
            return true;
        }
        emit(in);
        return false;
    }

    private void run(ByteBuf in) {
        if (!forwards()) {
            emit(in);
            return;
        }
        rowsForwarded |= decoder.hasDataRow();
        extend(in);
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

    private void extend(ByteBuf in) {
        if (decoder.buffer() != in) {
            emit(in);
            if (listener != null)
                listener.onBytes(
                        server, decoder.buffer().retainedSlice(decoder.start(), decoder.end() - decoder.start()));
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
        else listener.onBytes(server, bytes);
    }

    // What is looked at

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
            if (listener != null) listener.onAnswered(server, kind, type, note);
        }
        pass(in, forward);
        if (ledger.isFakeNext()) {
            emit(in);
            sendFakes();
        }
    }

    /** Gives the answers that stand at the head of the ledger and are the proxy's own to give. */
    void sendFakes() {
        while (ledger.isFakeNext()) {
            if (!(ledger.take() instanceof FakeAnswer(ByteBuf bytes, var note))) continue;
            if (listener == null) bytes.release();
            else listener.onBytes(server, bytes);
        }
    }

    private void error(ByteBuf in) {
        var error = WireReader.errorFields(decoder.buffer(), decoder.start(), decoder.end());
        emit(in);
        if (error.endsSession()) {
            lastWords = error;
            return;
        }
        if (ledger.headNote() instanceof Exchange exchange) exchange.failed(error);
        boolean forward = listener != null && ledger.readyAction() != Action.SKIP && listener.onError(server, error);
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
        server.parameters().put(name, value);
        boolean forward = forwards();
        if (forward && listener != null) listener.onParameterStatus(server, name, value);
        pass(in, forward);
    }

    private void ready(ByteBuf in) {
        status = WireReader.readyForQuery(decoder.buffer(), decoder.start());
        boolean forward = listener != null && ledger.readyAction() == Action.FORWARD;
        var note = ledger.noteOfNextReady();
        if (!ledger.ready(discarded)) throw new ProtocolViolation("ReadyForQuery that nobody asked for");
        pass(in, forward);
        emit(in);
        framesForwarded = 0;
        rowsForwarded = false;
        if (note instanceof Exchange exchange) {
            exchange.ended();
            return;
        }
        if (listener != null) listener.onReady(server, status, note);
        if (ledger.isFakeNext()) sendFakes();
    }
}
