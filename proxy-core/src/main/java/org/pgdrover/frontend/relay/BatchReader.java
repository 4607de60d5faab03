package org.pgdrover.frontend.relay;

import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// Reads a client's batches whole, so that each is judged by all that it runs.
final class BatchReader {
    /// A batch that grows beyond this is given away before its end.
    static final int BATCH_LIMIT = 64 * 1024;

    private static final int SPARE = 8;

    private final ArrayDeque<Batch> spare = new ArrayDeque<>();
    private @Nullable Batch reading;

    /// Adds a message to the batch.
    ///
    /// @param large whether only the message's beginning is in hand
    /// @return the batch when it has ended, or when its end is not to be waited for; null while it goes
    /// on
    @Nullable
    Batch add(MessageDecoder message, boolean large) {
        byte type = message.type();
        var batch = reading;
        if (batch == null) reading = batch = spare.isEmpty() ? new Batch() : spare.pop();
        batch.append(type, message.buffer(), message.start(), message.end(), large);
        boolean goesOn = !batch.isComplete() && !large && type != MessageType.FLUSH;
        return goesOn && batch.size() <= BatchReader.BATCH_LIMIT ? null : take();
    }

    /// Whether a message is a Flush that begins a batch, so that nothing of the batch can be owed.
    boolean isFlushAlone(byte type) {
        return type == MessageType.FLUSH && reading == null;
    }

    /// Gives away what has been read of a batch; null if nothing has.
    @Nullable
    Batch take() {
        var batch = reading;
        reading = null;
        return batch;
    }

    /// What stands in a batch from one of its messages on.
    Batch rest(Batch whole, int first) {
        return piece(whole, first, whole.messages());
    }

    /// So many messages with which a batch begins.
    Batch beginning(Batch whole, int count) {
        return piece(whole, 0, count);
    }

    private Batch piece(Batch whole, int first, int end) {
        var piece = spare.isEmpty() ? new Batch() : spare.pop();
        var bytes = Objects.requireNonNull(whole.bytes());
        for (int i = first; i < end; i++) {
            var message = whole.message(i);
            int start = whole.from() + message.start;
            piece.append(message.type, bytes, start, start + message.size, message.large);
        }
        return piece;
    }

    void recycle(Batch batch) {
        batch.recycle();
        if (spare.size() < SPARE) spare.push(batch);
    }

    /// The end of copied data, which is no part of a batch: where nobody takes such data it means
    /// nothing, to PostgreSQL neither.
    static boolean isCopyEnd(byte type) {
        return type == MessageType.COPY_DONE || type == MessageType.COPY_FAIL;
    }

    void close() {
        if (take() instanceof Batch batch) batch.recycle();
    }
}
