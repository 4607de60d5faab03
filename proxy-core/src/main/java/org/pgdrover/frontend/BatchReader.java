package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/** Reads a client's batches whole, so that each is judged by all that it runs. */
final class BatchReader {
    /** A batch that grows beyond this is given away before its end. */
    private static final int BATCH_LIMIT = 64 * 1024;

    private final BatchJournal journal;
    private final MessageInspector inspector;
    private @Nullable Batch reading;

    BatchReader(BatchJournal journal, MessageInspector inspector) {
        this.journal = journal;
        this.inspector = inspector;
    }

    /** Whether the beginning of a batch has been read, and its end has not. */
    boolean isReading() {
        return reading != null;
    }

    /**
     * Adds a message to the batch.
     *
     * @param large whether only the message's beginning is in hand
     * @return the batch when it has ended, or when its end is not to be waited for; null while it goes on
     */
    @Nullable
    Batch add(MessageDecoder message, boolean large) {
        byte type = message.type();
        if (isCopyEnd(type)) return null;
        var batch = reading;
        if (batch == null) batch = journal.newBatch();
        reading = batch;
        var added = batch.append(type, message.buffer(), message.start(), message.end());
        inspector.inspect(batch, added, message.buffer(), message.start(), message.end(), large);
        if (endsBatch(type)) batch.completed();
        else if (!large && type != MessageType.FLUSH && batch.size() <= BATCH_LIMIT) return null;
        return take();
    }

    /** Looks at a message that is dealt with at once: the batch notes it, but does not keep its bytes. */
    ClientMessage pass(Batch batch, MessageDecoder message, boolean large) {
        var passing = batch.pass(message.type(), message.end() - message.start());
        inspector.inspect(batch, passing, message.buffer(), message.start(), message.end(), large);
        return passing;
    }

    /** Gives away what has been read of a batch; null if nothing has. */
    @Nullable
    Batch take() {
        var batch = reading;
        reading = null;
        return batch;
    }

    /** The end of copied data, which is no part of a batch: where nobody takes such data it means nothing, to PostgreSQL neither. */
    static boolean isCopyEnd(byte type) {
        return type == MessageType.COPY_DONE || type == MessageType.COPY_FAIL;
    }

    /** Whether ReadyForQuery answers this message. */
    static boolean endsBatch(byte type) {
        return type == MessageType.SYNC || type == MessageType.QUERY || type == MessageType.FUNCTION_CALL;
    }

    void close() {
        if (take() instanceof Batch batch) journal.recycle(batch);
    }
}
