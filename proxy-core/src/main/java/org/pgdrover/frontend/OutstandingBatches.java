package org.pgdrover.frontend;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/**
 * The batches whose answers a client is owed, in its order: sent whole; then the one that is sent in part; then those that wait for their turn.
 *
 * <p>While any waits nothing of the client is taken, so nothing is ever sent past one that waits.
 */
final class OutstandingBatches {
    private final ArrayDeque<Batch> sent = new ArrayDeque<>();
    private @Nullable Batch passing;
    private final ArrayDeque<Batch> waiting = new ArrayDeque<>();

    /** A batch goes to a server: whole, or the beginning of one that passes from then on. */
    void send(Batch batch) {
        if (batch.isComplete()) sent.add(batch);
        else pass(batch);
    }

    /** The batch whose messages pass as they come; null if none is sent in part. */
    @Nullable
    Batch passing() {
        return passing;
    }

    /** A batch is sent in part: its messages pass as they come. */
    void pass(Batch batch) {
        passing = batch;
    }

    /** The last message of a batch passes. */
    void passed(Batch batch) {
        batch.completed();
        passing = null;
        sent.add(batch);
    }

    /** The batch that was passing is over, for it has failed; null if none was. */
    @Nullable
    Batch endPassing() {
        var batch = passing;
        passing = null;
        return batch;
    }

    /** The server ignores the end of a batch that was sent: what follows belongs to it. */
    void goesOn(Batch batch) {
        if (sent.remove(batch) && passing == null) passing = batch;
    }

    /** A batch that was sent is over; false if it was not among them. */
    boolean end(Batch batch) {
        return sent.remove(batch);
    }

    /** The next of those that were sent whole, which is then no longer outstanding; null if there is none. */
    @Nullable
    Batch endNext() {
        return sent.poll();
    }

    /** The batch that the server is answering, or will answer first; null if it has none. */
    @Nullable
    Batch answering() {
        return sent.isEmpty() ? passing : sent.peek();
    }

    /** Whether no batch that was sent whole is still owed its answer. */
    boolean isNoneSent() {
        return sent.isEmpty();
    }

    /** Those that were sent whole. */
    Collection<Batch> sent() {
        return Collections.unmodifiableCollection(sent);
    }

    /** Everything that was sent is to be sent again, before what waits already. */
    void takeBack() {
        var last = endPassing();
        if (last != null) waiting.addFirst(last);
        while (sent.pollLast() instanceof Batch batch) waiting.addFirst(batch);
    }

    /** A batch has to wait for its turn. */
    void await(Batch batch) {
        waiting.add(batch);
    }

    boolean isNoneWaiting() {
        return waiting.isEmpty();
    }

    /** The first that waits; null if none does. */
    @Nullable
    Batch peekWaiting() {
        return waiting.peek();
    }

    @Nullable
    Batch nextWaiting() {
        return waiting.poll();
    }

    /** The client is gone, and nobody will be answered. */
    void close() {
        sent.forEach(Batch::releaseBytes);
        sent.clear();
        waiting.forEach(Batch::releaseBytes);
        waiting.clear();
        passing = null;
    }
}
