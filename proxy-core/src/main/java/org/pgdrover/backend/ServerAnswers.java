package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;

/// Reads what a server sends and hands it to the owners of the answers, as the [ResponseLedger] says.
///
/// Bytes pass as slices of what was read: one slice for as many messages as can pass together, never
/// across a ReadyForQuery. Confined to the connection's event loop.
final class ServerAnswers {
    /// Most bytes of an error that are kept for looking at.
    private static final int FRAME_LIMIT = 1 << 20;

    private final ServerConnection server;
    private final ResponseLedger ledger;
    private final MessageDecoder decoder;

    private @Nullable AnswerOwner lessee;
    private TransactionStatus status = TransactionStatus.IDLE;

    private @Nullable ErrorFields lastWords;
    /// Whether the answer at the head has shown more than what precedes its rows.
    private boolean begun;

    /// Bytes of the buffer in hand that pass to one owner together; none while the start is negative.
    private int runStart = -1;

    private int runEnd;
    private @Nullable AnswerOwner runOwner;
    /// Whether the buffer in hand itself was handed over, so that it is not ours to release.
    private boolean handedOver;

    ServerAnswers(ServerConnection server, ResponseLedger ledger, ByteBufAllocator allocator) {
        this.server = server;
        this.ledger = ledger;
        this.decoder = new MessageDecoder(MessageTable.BACKEND, allocator, FRAME_LIMIT);
    }

    /// From now on this one hears of the connection, and what no entry of the ledger owns; null is
    /// nobody.
    void lessee(@Nullable AnswerOwner to) {
        lessee = to;
    }

    @Nullable
    AnswerOwner lessee() {
        return lessee;
    }

    TransactionStatus status() {
        return status;
    }

    /// The server has said that it has begun a transaction; its ReadyForQuery comes later.
    void transactionBegun() {
        status = TransactionStatus.IN_TRANSACTION;
        ledger.pipelined().inBlock(true);
    }

    /// Whether a transaction is open that nobody has begun: the next Sync ends it.
    boolean isImplicit() {
        return ledger.pipelined().hasLeft();
    }

    /// Whether the transaction that was open when the server was ready last is a block, which has not ended since.
    boolean isInBlock() {
        return status != TransactionStatus.IDLE && ledger.pipelined().isInBlock();
    }

    /// The error with which the server ended the session, if it did.
    @Nullable
    ErrorFields lastWords() {
        return lastWords;
    }

    boolean insideMessage() {
        return decoder.insideMessage();
    }

    /// Whether the lessee has been given part of a message of which the rest is still to come.
    boolean insideLesseesMessage() {
        return lessee != null && decoder.insideRun() && receiver() == lessee;
    }

    /// Nothing more will come, and nobody hears of what was owed.
    void close() {
        decoder.close();
        ledger.abandon();
        lessee = null;
    }

    /// Bytes from the server; takes ownership.
    ///
    /// @throws ProtocolViolation if no PostgreSQL server would have sent them, or nobody knows which requests
    ///     the next ones answer
    void onRead(ByteBuf in) {
        handedOver = false;
        try {
            decode(in);
        } finally {
            if (!handedOver) in.release();
        }
    }

    private void decode(ByteBuf in) {
        runStart = -1;
        int first = in.readerIndex();
        while (true) {
            switch (decoder.next(in)) {
                case NEED_MORE -> {
                    emitLast(in, first);
                    return;
                }
                case RUN -> run(in);
                case FRAME, LARGE_FRAME -> frame(in, first);
            }
            if (handedOver) return;
        }
    }

    // What passes

    /// Passes on what is in hand: the buffer itself if all of it passes and nothing is left to read in
    /// it.
    private void emitLast(ByteBuf in, int first) {
        if (runStart != first || runEnd != in.writerIndex() || runOwner == null) {
            emit(in);
            return;
        }
        runStart = -1;
        handedOver = true;
        runOwner.onBytes(in.setIndex(first, runEnd), begun);
    }

    private void run(ByteBuf in) {
        begun = true;
        pass(in, receiver());
    }

    /// Who gets what the server sends now; null if nobody does.
    private @Nullable AnswerOwner receiver() {
        if (ledger.isEmpty()) return lessee;
        return ledger.headFate() == AnswerFate.FORWARD ? ledger.headOwner() : null;
    }

    private void pass(ByteBuf in, @Nullable AnswerOwner to) {
        if (to != runOwner) emit(in);
        if (to == null) return;
        runOwner = to;
        if (decoder.buffer() != in) {
            emit(in);
            to.onBytes(decoder.buffer().retainedSlice(decoder.start(), decoder.end() - decoder.start()), begun);
            return;
        }
        // What was skipped in between ends a run.
        if (runStart >= 0 && runEnd != decoder.start()) emit(in);
        if (runStart < 0) runStart = decoder.start();
        runEnd = decoder.end();
    }

    private void emit(ByteBuf in) {
        if (runStart < 0) return;
        var bytes = in.retainedSlice(runStart, runEnd - runStart);
        runStart = -1;
        if (runOwner == null) bytes.release();
        else runOwner.onBytes(bytes, begun);
    }

    // What is looked at

    private void frame(ByteBuf in, int first) {
        switch (decoder.type()) {
            case MessageType.READY_FOR_QUERY -> ready(in, first);
            case MessageType.ERROR_RESPONSE -> error(in);
            case MessageType.NOTICE_RESPONSE -> notice(in);
            case MessageType.PARAMETER_STATUS -> parameterStatus(in);
            case MessageType.NOTIFICATION_RESPONSE -> notification(in);
            case MessageType.COPY_IN_RESPONSE -> {
                begun = true;
                ledger.copyInStarted();
                pass(in, receiver());
            }
            default -> answer(in);
        }
    }

    private void answer(ByteBuf in) {
        byte type = decoder.type();
        if (ledger.isEmpty()) throw new ProtocolViolation("message '" + (char) type + "' that nobody asked for");
        var to = receiver();
        boolean shown = !precedesRows(type);
        if (shown && !begun) {
            begun = true;
            if (runOwner != to) emit(in);
        }
        if (type == MessageType.COMMAND_COMPLETE) ledger.completed();
        boolean wanted = true;
        if (ledger.headOwner() instanceof AnswerOwner owner) wanted = tell(in, owner, type);
        else if (ledger.ends(type)) ledger.take();
        pass(in, wanted ? to : null);
        if (ledger.isFakeNext()) sendFakes(in);
    }

    private static boolean precedesRows(byte type) {
        return type == MessageType.PARSE_COMPLETE
                || type == MessageType.BIND_COMPLETE
                || type == MessageType.CLOSE_COMPLETE
                || type == MessageType.PARAMETER_DESCRIPTION
                || type == MessageType.ROW_DESCRIPTION
                || type == MessageType.NO_DATA;
    }

    private boolean tell(ByteBuf in, AnswerOwner owner, byte type) {
        boolean wanted = true;
        var kind = ledger.headKind();
        var note = ledger.headNote();
        if (type == MessageType.COMMAND_COMPLETE) wanted = completed(in, owner, note);
        else if (type == MessageType.EMPTY_QUERY_RESPONSE || type == MessageType.PORTAL_SUSPENDED)
            // A suspended portal has done what its statement does, and may never be run to its end.
            wanted = owner.onCompleted(note, CommandTag.OTHER);
        else if (kind == RequestKind.DESCRIBE)
            owner.onDescribed(note, type, decoder.buffer(), decoder.start(), decoder.end());
        if (ledger.ends(type)) {
            ledger.take();
            // An owner hears all of its answer before the end, also where no ReadyForQuery of its own follows.
            if (ledger.headOwner() != owner) emit(in);
            owner.onAnswered(kind, type, note);
        }
        return wanted;
    }

    private boolean completed(ByteBuf in, AnswerOwner owner, Note note) {
        var tag = WireReader.commandTag(decoder.buffer(), decoder.start(), decoder.end());
        if (tag == CommandTag.BEGIN) ledger.pipelined().inBlock(true);
        // The owner may have something else to say in the message's place.
        if (tag == CommandTag.NOTIFY) emit(in);
        return owner.onCompleted(note, tag);
    }

    private void sendFakes(ByteBuf in) {
        emit(in);
        sendFakes();
    }

    /// Gives the answers that stand at the head of the ledger and are the proxy's own to give.
    void sendFakes() {
        while (ledger.isFakeNext()) {
            var owner = ledger.headOwner();
            var kind = ledger.headKind();
            var note = ledger.headNote();
            ledger.take();
            if (!(note instanceof FakeAnswer(ByteBuf bytes, var ofOwner))) continue;
            if (owner == null) {
                bytes.release();
                continue;
            }
            byte type = bytes.getByte(bytes.readerIndex());
            owner.onAnswered(kind, type, ofOwner);
            owner.onBytes(bytes, begun);
        }
    }

    private void error(ByteBuf in) {
        var error = WireReader.errorFields(decoder.buffer(), decoder.start(), decoder.end());
        emit(in);
        if (error.endsSession()) {
            boolean ofOwnText = !ledger.isEmpty() && ledger.headOwner() instanceof Exchange;
            lastWords = ofOwnText ? error.withoutPosition() : error;
            return;
        }
        begun = true;
        var owner = ledger.isEmpty() ? lessee : ledger.headOwner();
        boolean wanted = owner != null && owner.onError(ledger.headNote(), error);
        pass(in, wanted && ledger.readyFate() != AnswerFate.SKIP ? owner : null);
        emit(in);
        if (!ledger.failed(isOfWaiting(error)))
            throw new ProtocolViolation("copied data has failed, before or behind a Sync that stands among the data");
    }

    /// Whether a server that takes copied data says it of what has come in the place of data: the
    /// routine that waits for data, or that reads CopyFail. A cancel and a timeout are not noticed
    /// while it waits.
    private static boolean isOfWaiting(ErrorFields error) {
        return error.routine().equals("CopyGetData") || error.routine().equals("pq_getmsgstring");
    }

    private void notice(ByteBuf in) {
        var to = isAtRest() ? null : receiver();
        // The receiver may have something else to say in the notice's place.
        emit(in);
        var note = ledger.isEmpty() ? Note.NONE : ledger.headNote();
        boolean wanted = to != null && to.onNotice(note, decoder.buffer(), decoder.start(), decoder.end());
        pass(in, wanted ? to : null);
    }

    /// Whether it works for nobody. What it says then is about its own end, and its lessee may be in the middle of
    /// another server's answer.
    private boolean isAtRest() {
        return status == TransactionStatus.IDLE && ledger.isAtRest();
    }

    private void notification(ByteBuf in) {
        if (lessee == null) server.close(CloseReason.SESSION_NOT_CLEAN);
        var to = lessee;
        emit(in);
        boolean wanted = to != null && to.onNotification(decoder.buffer(), decoder.start(), decoder.end());
        pass(in, wanted ? to : null);
    }

    private void parameterStatus(ByteBuf in) {
        var buffer = decoder.buffer();
        int end = decoder.end();
        int nameStart = decoder.start() + 5;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        var name = WireReader.string(buffer, nameStart, end);
        var value = WireReader.string(buffer, nameEnd + 1, end);
        server.parameters().put(name, value);
        server.session().reported();
        var to = receiver();
        boolean wanted = to != null && to.onParameterStatus(name, value);
        pass(in, wanted ? to : null);
    }

    private void ready(ByteBuf in, int first) {
        status = WireReader.readyForQuery(decoder.buffer(), decoder.start());
        var owner = ledger.readyOwner();
        var note = ledger.readyNote();
        boolean forward = ledger.readyFate() == AnswerFate.FORWARD && owner != null && owner.wantsReady(note);
        begun = true;
        // BEGIN itself has no completion if it fails behind other statements of its string.
        if (status == TransactionStatus.FAILED) ledger.pipelined().inBlock(true);
        if (!ledger.ready(status != TransactionStatus.IDLE))
            throw new ProtocolViolation("ReadyForQuery that nobody asked for");
        pass(in, forward ? owner : null);
        emitLast(in, first);
        begun = false;
        if (owner != null) owner.onReady(status, note);
        if (ledger.isFakeNext()) sendFakes();
    }
}
