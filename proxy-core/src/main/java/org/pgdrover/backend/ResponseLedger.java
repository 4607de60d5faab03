package org.pgdrover.backend;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The queue of answers that a server still owes, each with what becomes of it.
 *
 * <p>It is the only place that knows when a batch is over. It follows PostgreSQL's rules (manual, section 54.2.3): after an error in an
 * extended-query message the server discards everything up to the next Sync, simple queries among it; and while it takes copied data of an
 * Execute it ignores Sync.
 *
 * <p>An entry carries a note, which its maker gets back when the answer has ended or was discarded; entries of several clients can stand
 * behind one another. Confined to the server connection's event loop; nothing is allocated in steady state.
 */
public final class ResponseLedger {
    /** Takes the notes of entries that the server will not answer. */
    @FunctionalInterface
    public interface DiscardedNotes {
        void discarded(Expected expected, Action action, @Nullable Object note);
    }

    private static final int INITIAL = 16;

    private Expected[] expected = new Expected[INITIAL];
    private Action[] actions = new Action[INITIAL];
    private @Nullable Object[] notes = new Object[INITIAL];
    private int head;
    private int size;
    /** Syncs among the entries. */
    private int syncs;
    /** Extended-query messages were sent and no Sync yet. */
    private boolean open;
    /** The server reported an error and discards what comes until Sync. */
    private boolean discarding;
    /** The server takes copied data for an Execute. */
    private boolean copyIn;

    /** An answer is now owed. A note that the server is sure to discard comes back at once. */
    public void expect(Expected kind, Action action, @Nullable Object note, DiscardedNotes discarded) {
        if (kind == Expected.SYNC) {
            if (copyIn) return;
            discarding = false;
            open = false;
            syncs++;
        } else if (discarding) {
            discarded.discarded(kind, action, note);
            return;
        } else if (kind == Expected.COPY_END) {
            copyIn = false;
        } else {
            open = !kind.endsWithReady();
        }
        add(kind, action, note);
    }

    /** Flush was sent: no answer, but the batch is open. */
    public void flushed() {
        if (!discarding && !copyIn) open = true;
    }

    /** Whether a Sync sent now would end a batch; while an Execute takes copied data it does not. */
    public boolean takesSync() {
        return !copyIn;
    }

    private void add(Expected kind, Action action, @Nullable Object note) {
        if (size == expected.length) grow();
        int index = index(size);
        expected[index] = kind;
        actions[index] = action;
        notes[index] = note;
        size++;
    }

    private void grow() {
        int old = expected.length;
        expected = rotate(expected, Arrays.copyOf(expected, old * 2));
        actions = rotate(actions, Arrays.copyOf(actions, old * 2));
        var grown = new @Nullable Object[old * 2];
        System.arraycopy(notes, head, grown, 0, old - head);
        System.arraycopy(notes, 0, grown, old - head, head);
        notes = grown;
        head = 0;
    }

    private <T> T[] rotate(T[] from, T[] to) {
        System.arraycopy(from, head, to, 0, from.length - head);
        System.arraycopy(from, 0, to, from.length - head, head);
        return to;
    }

    private int index(int offset) {
        return (head + offset) & (expected.length - 1);
    }

    private void remove() {
        if (expected[head] == Expected.SYNC) syncs--;
        notes[head] = null;
        head = (head + 1) & (expected.length - 1);
        size--;
    }

    private void skipCopyEnds() {
        while (size > 0 && expected[head] == Expected.COPY_END) remove();
    }

    /** What becomes of the answer that the server is giving now; FORWARD if it owes none, as for a notification. */
    public Action current() {
        skipCopyEnds();
        return size == 0 ? Action.FORWARD : actions[head];
    }

    /** Whether nothing is owed that the server answers or we fake. */
    public boolean isEmpty() {
        skipCopyEnds();
        return size == 0;
    }

    public int size() {
        return size;
    }

    /** Whether the server connection is at rest: nothing owed, no batch open, nothing being discarded. */
    public boolean isAtRest() {
        return isEmpty() && !open && !discarding;
    }

    /** Whether extended-query messages were sent that no Sync has ended yet. */
    public boolean isOpen() {
        return open || discarding;
    }

    /** Whether an Execute takes copied data, so that a Sync is ignored. */
    public boolean isCopyIn() {
        return copyIn;
    }

    /** Whether this message ends the answer at the head. */
    public boolean ends(byte type) {
        skipCopyEnds();
        return size > 0 && expected[head].endsWith(type);
    }

    /** Whether the answer at the head is one that the proxy gives itself. */
    public boolean isFakeNext() {
        skipCopyEnds();
        return size > 0 && actions[head] == Action.FAKE;
    }

    /** What the answer at the head is for. */
    public Expected headExpected() {
        return expected[head];
    }

    /** Takes the head's entry and gives its note back. */
    public @Nullable Object take() {
        skipCopyEnds();
        var note = notes[head];
        remove();
        return note;
    }

    public @Nullable Object headNote() {
        return size == 0 ? null : notes[head];
    }

    /** The note of the answer that the next ReadyForQuery ends, or null if none is owed. */
    public @Nullable Object noteOfNextReady() {
        for (int i = 0; i < size; i++) {
            int at = index(i);
            if (expected[at].endsWithReady()) return notes[at];
        }
        return null;
    }

    /** The server takes copied data now (CopyInResponse): Syncs sent before the end of the data are ignored by it. */
    public void copyInStarted(DiscardedNotes discarded) {
        skipCopyEnds();
        if (size == 0 || expected[head] != Expected.EXECUTE) return;
        copyIn = true;
        int kept = 1;
        for (int i = 1; i < size; i++) {
            int from = index(i);
            if (expected[from] == Expected.COPY_END) copyIn = false;
            if (expected[from] == Expected.SYNC && copyIn) {
                syncs--;
                discarded.discarded(expected[from], actions[from], notes[from]);
                open = true;
                continue;
            }
            int to = index(kept++);
            expected[to] = expected[from];
            actions[to] = actions[from];
            notes[to] = notes[from];
        }
        for (int i = kept; i < size; i++) notes[index(i)] = null;
        size = kept;
        open = syncs == 0;
    }

    /** The server reported an error: gives back the notes of everything it will not answer. */
    public void failed(DiscardedNotes discarded) {
        skipCopyEnds();
        copyIn = false;
        if (size > 0 && (expected[head] == Expected.QUERY || expected[head] == Expected.FUNCTION_CALL)) return;
        while (size > 0 && expected[head] != Expected.SYNC) {
            var kind = expected[head];
            var action = actions[head];
            var note = notes[head];
            remove();
            if (kind != Expected.COPY_END) discarded.discarded(kind, action, note);
        }
        if (size == 0 && open) discarding = true;
    }

    /**
     * The server is ready: takes everything up to the entry that this ends.
     *
     * @return whether there was such an entry; its action and note are then to be asked before, with {@link #readyAction()}
     */
    public boolean ready(DiscardedNotes discarded) {
        skipCopyEnds();
        while (size > 0 && !expected[head].endsWithReady()) {
            var kind = expected[head];
            var action = actions[head];
            var note = notes[head];
            remove();
            if (kind != Expected.COPY_END) discarded.discarded(kind, action, note);
        }
        if (size == 0) return false;
        remove();
        return true;
    }

    /** What becomes of the answer that the next ReadyForQuery ends. */
    public Action readyAction() {
        for (int i = 0; i < size; i++) {
            int at = index(i);
            if (expected[at].endsWithReady()) return actions[at];
        }
        return Action.FORWARD;
    }

    /** From now on no answer goes to its client, which has left; what the proxy asked itself stays as it is. */
    public void skipAll() {
        for (int i = 0; i < size; i++) {
            int at = index(i);
            if (actions[at] == Action.FORWARD) actions[at] = Action.SKIP;
        }
    }

    /** Gives every note back: the connection is lost. */
    public void abandon(DiscardedNotes discarded) {
        while (size > 0) {
            var kind = expected[head];
            var action = actions[head];
            var note = notes[head];
            remove();
            discarded.discarded(kind, action, note);
        }
        open = false;
        discarding = false;
        copyIn = false;
    }
}
