package org.pgdrover.backend;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A queue of answers that are owed, each with its kind, fate, owner and note.
///
/// Positions count from the head, which is 0. Nothing is allocated in steady state.
final class OwedAnswers {
    private static final int INITIAL = 16;

    private RequestKind[] kinds = new RequestKind[INITIAL];
    private AnswerFate[] fates = new AnswerFate[INITIAL];
    private @Nullable AnswerOwner[] owners = new AnswerOwner[INITIAL];
    private @Nullable Note[] notes = new Note[INITIAL];
    private int head;
    private int size;
    private int syncs;
    private long added;

    int size() {
        return size;
    }

    /// Syncs among them.
    int syncs() {
        return syncs;
    }

    /// How many there were, less those that were removed behind the head.
    long added() {
        return added;
    }

    /// The number of the head among all that there were.
    long headNumber() {
        return added - size;
    }

    void add(RequestKind kind, AnswerFate fate, @Nullable AnswerOwner owner, Note note) {
        if (size == kinds.length) grow();
        int index = index(size);
        kinds[index] = kind;
        fates[index] = fate;
        owners[index] = owner;
        notes[index] = note;
        size++;
        added++;
        if (kind == RequestKind.SYNC) syncs++;
    }

    private void grow() {
        int old = kinds.length;
        kinds = rotate(kinds, Arrays.copyOf(kinds, old * 2));
        fates = rotate(fates, Arrays.copyOf(fates, old * 2));
        owners = rotate(owners, Arrays.copyOf(owners, old * 2));
        notes = rotate(notes, Arrays.copyOf(notes, old * 2));
        head = 0;
    }

    private <T extends @Nullable Object> T[] rotate(T[] from, T[] to) {
        System.arraycopy(from, head, to, 0, from.length - head);
        System.arraycopy(from, 0, to, from.length - head, head);
        return to;
    }

    private int index(int position) {
        return (head + position) & (kinds.length - 1);
    }

    RequestKind kind(int position) {
        return kinds[index(position)];
    }

    AnswerFate fate(int position) {
        return fates[index(position)];
    }

    @Nullable
    AnswerOwner owner(int position) {
        return owners[index(position)];
    }

    Note note(int position) {
        var note = notes[index(position)];
        return note == null ? Note.NONE : note;
    }

    /// Where the entry stands that the next ReadyForQuery ends; -1 if none is owed.
    int nextReady() {
        for (int i = 0; i < size; i++) if (kind(i).endsWithReady()) return i;
        return -1;
    }

    /// Where the first end of copied data stands; -1 if none does.
    int firstEndOfData() {
        for (int i = 1; i < size; i++) if (kind(i) == RequestKind.COPY_END) return i;
        return -1;
    }

    /// Tells an owner that its answer will not come.
    static void discard(RequestKind kind, AnswerFate fate, @Nullable AnswerOwner owner, Note note) {
        var inner = note;
        if (note instanceof FakeAnswer(var bytes, var ofOwner)) {
            bytes.release();
            inner = ofOwner;
        }
        if (owner != null && kind != RequestKind.COPY_END) owner.onDiscarded(kind, fate, inner);
    }

    /// Takes the head away.
    void remove() {
        if (kinds[head] == RequestKind.SYNC) syncs--;
        notes[head] = null;
        owners[head] = null;
        head = (head + 1) & (kinds.length - 1);
        size--;
    }

    /// Takes away so many behind the head.
    ///
    /// @param first the position of the first of them; positive
    void remove(int first, int count) {
        for (int i = first; i < first + count; i++) if (kinds[index(i)] == RequestKind.SYNC) syncs--;
        for (int i = first; i < size; i++) {
            boolean moved = i + count < size;
            int to = index(i);
            int from = index(moved ? i + count : i);
            kinds[to] = kinds[from];
            fates[to] = fates[from];
            owners[to] = moved ? owners[from] : null;
            notes[to] = moved ? notes[from] : null;
        }
        size -= count;
        added -= count;
    }

    /// From now on no answer goes to this owner.
    void disown(AnswerOwner gone) {
        for (int i = 0; i < size; i++) {
            int at = index(i);
            if (owners[at] != gone) continue;
            owners[at] = null;
            if (fates[at] == AnswerFate.FORWARD) fates[at] = AnswerFate.SKIP;
        }
    }
}
