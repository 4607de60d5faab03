package org.pgdrover.backend;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The queue of answers that a server still owes, each with its owner and what becomes of it.
///
/// It is the only place that knows when a batch is over. It follows PostgreSQL's rules (manual, section
/// 54.2.3): after an error in an extended-query message the server discards everything up to the next
/// Sync, simple queries among it; and while it takes copied data it ignores Sync, and ends the session at
/// anything else.
///
/// The owner of an entry hears when the answer has ended or was discarded; entries of several owners can
/// stand behind one another. Confined to the server connection's event loop; nothing is allocated in
/// steady state.
public final class ResponseLedger {
    private static final int INITIAL = 16;

    private RequestKind[] kinds = new RequestKind[INITIAL];
    private AnswerFate[] fates = new AnswerFate[INITIAL];
    private @Nullable AnswerOwner[] owners = new AnswerOwner[INITIAL];
    private @Nullable Note[] notes = new Note[INITIAL];
    private int head;
    private int size;
    /// Syncs among the entries.
    private int syncs;
    /// Extended-query messages were sent and no Sync yet.
    private boolean open;
    private final PipelinedQuery pipelined = new PipelinedQuery();
    /// Entries that there were.
    private long added;
    /// Whether a transaction was open when the server was ready last: no Sync ends a block.
    private boolean inTransaction;
    /// The server reported an error and discards what comes until Sync.
    private boolean discarding;
    /// The server takes copied data.
    private boolean copyIn;
    /// Entries that there were when copied data was sent last; -1 while none was.
    private long copiedAt = -1;
    /// Syncs behind the head of which nobody knows whether the server ignores them: they stand behind copied data, with
    /// which the COPY may have failed before.
    private int doubted;

    /// An answer is now owed. An owner whose request the server is sure to discard hears of it at once.
    public void expect(RequestKind kind, AnswerFate fate, AnswerOwner owner, Note note) {
        if (kind == RequestKind.SYNC) {
            if (copyIn) {
                if (behindData() < size) doubt(fate, owner, note);
                else owner.onDiscarded(kind, fate, note);
                return;
            }
            discarding = false;
            open = false;
            pipelined.over();
            syncs++;
        } else if (discarding) {
            discard(kind, fate, owner, note);
            return;
        } else if (kind == RequestKind.COPY_END) {
            copied();
            copyIn = false;
            if (size == 0) return;
        } else {
            // Such a message ends the session if the server still takes copied data.
            copyIn = false;
            pipelined.sent(kind, open && kind.endsWithReady() && !inTransaction, added);
            open = !kind.endsWithReady();
        }
        add(kind, fate, owner, note);
    }

    /// Copied data is sent. The Syncs before it are taken for ignored, as by a server that still takes data.
    public void copied() {
        if (copyIn && doubted > 0) ignoreDoubted();
        copiedAt = added;
    }

    /// How many entries stand behind the copied data that was sent last; all, or more, if none was sent behind the
    /// head.
    private long behindData() {
        return added - copiedAt;
    }

    private void doubt(AnswerFate fate, AnswerOwner owner, Note note) {
        add(RequestKind.SYNC, fate, owner, note);
        syncs++;
        doubted++;
    }

    /// The server has ignored the Syncs that were in doubt. They stand right behind the head.
    private void ignoreDoubted() {
        int ignored = doubted;
        doubted = 0;
        for (int i = 1; i <= ignored; i++) {
            int at = index(i);
            syncs--;
            discard(kinds[at], fates[at], owners[at], noteAt(at));
        }
        for (int i = 1; i < size; i++) {
            int to = index(i);
            boolean moved = i + ignored < size;
            int from = moved ? index(i + ignored) : to;
            kinds[to] = kinds[from];
            fates[to] = fates[from];
            owners[to] = moved ? owners[from] : null;
            notes[to] = moved ? notes[from] : null;
        }
        size -= ignored;
        added -= ignored;
        copiedAt = Math.min(copiedAt, added);
        pipelined.removed(ignored);
    }

    private static void discard(RequestKind kind, AnswerFate fate, @Nullable AnswerOwner owner, Note note) {
        var inner = note;
        if (note instanceof FakeAnswer(var bytes, var ofOwner)) {
            bytes.release();
            inner = ofOwner;
        }
        if (owner != null && kind != RequestKind.COPY_END) owner.onDiscarded(kind, fate, inner);
    }

    private void add(RequestKind kind, AnswerFate fate, AnswerOwner owner, Note note) {
        if (size == kinds.length) grow();
        int index = index(size);
        kinds[index] = kind;
        fates[index] = fate;
        owners[index] = owner;
        notes[index] = note;
        size++;
        added++;
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

    /// Takes the head away, and what follows it that nothing answers: an end of copied data is never the
    /// head.
    private void remove() {
        do removeHead();
        while (size > 0 && kinds[head] == RequestKind.COPY_END);
    }

    private void removeHead() {
        if (kinds[head] == RequestKind.SYNC) syncs--;
        notes[head] = null;
        owners[head] = null;
        head = (head + 1) & (kinds.length - 1);
        size--;
    }

    private void discardHead() {
        var kind = kinds[head];
        var fate = fates[head];
        var owner = owners[head];
        var note = noteAt(head);
        remove();
        discard(kind, fate, owner, note);
    }

    private int index(int offset) {
        return (head + offset) & (kinds.length - 1);
    }

    private Note noteAt(int index) {
        var note = notes[index];
        return note == null ? Note.NONE : note;
    }

    public int size() {
        return size;
    }

    /// Whether nothing is owed that the server answers or the proxy fakes.
    public boolean isEmpty() {
        return size == 0;
    }

    /// Whether the server connection is at rest: nothing owed, no batch open, nothing being discarded.
    public boolean isAtRest() {
        return isEmpty() && !isOpen();
    }

    /// Whether extended-query messages were sent that no Sync has ended yet.
    public boolean isOpen() {
        return open || discarding || pipelined.isAnswered(added - size);
    }

    /// Whether a Query is under way that may leave the transaction of a batch without Sync open.
    public boolean mayStayOpen() {
        return pipelined.isUnderWay(added - size);
    }

    /// Whether a Sync that is sent now would end nothing: it stands alone behind a Query that has left the
    /// transaction of a batch without Sync open.
    ///
    /// PostgreSQL 17 and later then call the session idle without ending the transaction, refuse the next
    /// statement (XX000) and lose what was done.
    public boolean isSyncIdle() {
        return pipelined.isAnswered(added - size) && pipelined.isLast() && !copyIn && !discarding;
    }

    /// Whether an error of what is still owed could make the server discard what is sent now: no Sync
    /// would stand between.
    public boolean mayDiscardNext() {
        for (int i = size - 1; i >= 0; i--) {
            var kind = kinds[index(i)];
            if (kind == RequestKind.SYNC) return false;
            if (kind != RequestKind.COPY_END && !kind.endsWithReady()) return true;
        }
        return isOpen();
    }

    /// Whether the server has reported an error and discards what comes until Sync.
    public boolean isDiscarding() {
        return discarding;
    }

    /// Whether the server takes copied data, so that a Sync is ignored.
    public boolean isCopyIn() {
        return copyIn;
    }

    // The head: the answer that the server gives now. To be asked only while the ledger is not empty.

    /// Whether this message ends the answer at the head.
    boolean ends(byte type) {
        return kinds[head].endsWith(type);
    }

    /// Whether the answer at the head is one that the proxy gives itself.
    boolean isFakeNext() {
        return size > 0 && fates[head] == AnswerFate.FAKE;
    }

    /// What the answer at the head is for.
    public RequestKind headKind() {
        return kinds[head];
    }

    /// Who owns the answer at the head; null while nothing is owed, or if its owner has left.
    @Nullable
    AnswerOwner headOwner() {
        return size == 0 ? null : owners[head];
    }

    AnswerFate headFate() {
        return fates[head];
    }

    /// The note of the answer at the head.
    public Note headNote() {
        return size == 0 ? Note.NONE : noteAt(head);
    }

    /// Whether ReadyForQuery follows the answer at the head.
    public boolean isReadyNext() {
        return size > 0 && (kinds[head].endsWithReady() || size > 1 && kinds[index(1)] == RequestKind.SYNC);
    }

    /// Takes the head's entry.
    void take() {
        remove();
    }

    /// Where the entry stands that the next ReadyForQuery ends; -1 if none is owed.
    private int nextReady() {
        for (int i = 0; i < size; i++) if (kinds[index(i)].endsWithReady()) return index(i);
        return -1;
    }

    /// The note of the answer that the next ReadyForQuery ends.
    Note readyNote() {
        int at = nextReady();
        return at < 0 ? Note.NONE : noteAt(at);
    }

    /// What becomes of the answer that the next ReadyForQuery ends.
    AnswerFate readyFate() {
        int at = nextReady();
        return at < 0 ? AnswerFate.FORWARD : fates[at];
    }

    /// Who owns the answer that the next ReadyForQuery ends; null if nobody does.
    @Nullable
    AnswerOwner readyOwner() {
        int at = nextReady();
        return at < 0 ? null : owners[at];
    }

    // What the server says

    /// Whether a Sync was sent of which nobody knows whether the server ignores it.
    boolean isSyncInDoubt() {
        return doubted > 0;
    }

    /// The server takes copied data now (CopyInResponse): Syncs sent before the end of the data are
    /// ignored by it.
    void copyInStarted() {
        if (size == 0) return;
        copyIn = true;
        int kept = 1;
        // The first behind the data, if data was sent behind the head.
        int behind = behindData() < size ? size - (int) behindData() : size;
        boolean batchFollows = !kinds[head].endsWithReady();
        for (int i = 1; i < size; i++) {
            int from = index(i);
            if (kinds[from] != RequestKind.SYNC) copyIn = false;
            if (copyIn && i < behind) {
                syncs--;
                discard(kinds[from], fates[from], owners[from], noteAt(from));
                continue;
            }
            if (copyIn) doubted++;
            else if (kinds[from] != RequestKind.COPY_END) batchFollows = !kinds[from].endsWithReady();
            int to = index(kept++);
            kinds[to] = kinds[from];
            fates[to] = fates[from];
            owners[to] = owners[from];
            notes[to] = notes[from];
        }
        for (int i = kept; i < size; i++) {
            notes[index(i)] = null;
            owners[index(i)] = null;
        }
        added -= size - kept;
        copiedAt -= size - kept;
        pipelined.removed(size - kept);
        size = kept;
        open |= batchFollows;
    }

    /// The server reported an error: the owners of everything that it will not answer hear of it. What they ask
    /// for then is discarded too, unless a Sync stands before.
    ///
    /// @param waiting whether a server that takes copied data was waiting for more: then it has read every Sync
    void failed(boolean waiting) {
        if (doubted > 0) settleDoubt(waiting);
        copyIn = false;
        if (size > 0 && (kinds[head] == RequestKind.QUERY || kinds[head] == RequestKind.FUNCTION_CALL)) return;
        if (!open && size == 0) return;
        if (syncs == 0) {
            open = true;
            discarding = true;
        }
        // Also a Query behind extended-query messages is discarded then, and what follows it.
        while (size > 0 && kinds[head] != RequestKind.SYNC) discardHead();
    }

    private void settleDoubt(boolean ignored) {
        if (ignored) ignoreDoubted();
        else if (copyIn) {
            // The last of them has ended the batch.
            open = false;
            pipelined.over();
        }
        doubted = 0;
    }

    /// The server is ready: takes everything up to the entry that this ends.
    ///
    /// @param inTransaction whether a transaction is open, which has not failed
    /// @return whether there was such an entry; its fate, owner and note are to be asked before
    boolean ready(boolean inTransaction) {
        copyIn = false;
        doubted = 0;
        this.inTransaction = inTransaction;
        while (size > 0 && !kinds[head].endsWithReady()) discardHead();
        if (size == 0) return false;
        if (!inTransaction) pipelined.transactionOver(added - size);
        remove();
        return true;
    }

    /// The server has begun a transaction block, which no Sync ends.
    void blockBegun() {
        inTransaction = true;
        pipelined.over();
    }

    /// From now on no answer goes to this owner, which has left; what others asked stays as it is.
    public void disown(AnswerOwner gone) {
        for (int i = 0; i < size; i++) {
            int at = index(i);
            if (owners[at] != gone) continue;
            owners[at] = null;
            if (fates[at] == AnswerFate.FORWARD) fates[at] = AnswerFate.SKIP;
        }
    }

    /// The connection is lost: forgets every answer that was owed.
    void abandon() {
        while (size > 0) {
            if (notes[head] instanceof FakeAnswer(var bytes, var _)) bytes.release();
            if (owners[head] instanceof Exchange exchange) exchange.forget();
            remove();
        }
        open = false;
        pipelined.over();
        inTransaction = false;
        discarding = false;
        copyIn = false;
        doubted = 0;
    }
}
