package org.pgdrover.backend;

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
    private final OwedAnswers owed = new OwedAnswers();
    /// Extended-query messages were sent and no Sync yet.
    private boolean open;
    private final PipelinedQuery pipelined = new PipelinedQuery();
    /// The server reported an error and discards what comes until Sync.
    private boolean discarding;
    /// The server takes copied data.
    private boolean copyIn;
    /// Entries that there were when copied data was sent last; -1 while none was.
    private long copiedAt = -1;
    /// Syncs behind the head of which nobody knows whether the server ignores them: they stand behind
    /// copied data, with which the COPY may have failed before.
    private int doubted;
    /// Syncs that were in doubt and are taken for ignored, because copied data or its end was sent
    /// behind them: only an end of the COPY without error confirms that.
    private int guessed;
    /// Whether the server has taken copied data for the answer at the head.
    private boolean tookData;

    /// An answer is now owed. An owner whose request the server is sure to discard hears of it at once.
    public void expect(RequestKind kind, AnswerFate fate, AnswerOwner owner, Note note) {
        if (kind == RequestKind.SYNC) {
            if (copyIn && behindData() >= owed.size()) {
                owner.onDiscarded(kind, fate, note);
                return;
            }
            if (copyIn) {
                doubted++;
            } else {
                discarding = false;
                open = false;
                pipelined.over();
            }
        } else if (discarding) {
            OwedAnswers.discard(kind, fate, owner, note);
            return;
        } else if (kind == RequestKind.COPY_END) {
            copied();
            copyIn = false;
            if (isEmpty()) return;
        } else {
            // Such a message ends the session if the server still takes copied data.
            copyIn = false;
            pipelined.sent(kind, open, owed.added());
            open = !kind.endsWithReady();
        }
        owed.add(kind, fate, owner, note);
    }

    /// Copied data is sent. The Syncs before it are taken for ignored, as by a server that still takes
    /// data.
    public void copied() {
        if (copyIn && doubted > 0) {
            guessed += doubted;
            ignoreDoubted();
        }
        copiedAt = owed.added();
    }

    /// How many entries stand behind the copied data that was sent last; all, or more, if none was sent
    /// behind the head.
    private long behindData() {
        return owed.added() - copiedAt;
    }

    /// The server has ignored the Syncs that were in doubt.
    private void ignoreDoubted() {
        ignoreSyncs(doubted);
        doubted = 0;
    }

    private void ignoreSyncs(int count) {
        for (int i = 1; i <= count; i++) OwedAnswers.discard(owed.kind(i), owed.fate(i), owed.owner(i), owed.note(i));
        owed.remove(1, count);
        copiedAt = Math.max(copiedAt - count, -1);
        pipelined.removed(count);
    }

    /// Takes the head away, and what follows it that nothing answers: an end of copied data is never the
    /// head.
    void take() {
        tookData = false;
        do owed.remove();
        while (!isEmpty() && owed.kind(0) == RequestKind.COPY_END);
    }

    private void discardHead() {
        var kind = owed.kind(0);
        var fate = owed.fate(0);
        var owner = owed.owner(0);
        var note = owed.note(0);
        take();
        OwedAnswers.discard(kind, fate, owner, note);
    }

    public int size() {
        return owed.size();
    }

    /// Whether nothing is owed.
    public boolean isEmpty() {
        return owed.size() == 0;
    }

    /// Whether the server connection is at rest: nothing owed, no batch open, nothing being discarded.
    public boolean isAtRest() {
        return isEmpty() && !isOpen();
    }

    /// Whether extended-query messages were sent that no Sync has ended yet.
    public boolean isOpen() {
        return open || discarding || pipelined.isAnswered(owed.headNumber());
    }

    /// Whether a Query is under way that may leave the transaction of a batch without Sync open.
    public boolean mayStayOpen() {
        return pipelined.isUnderWay(owed.headNumber());
    }

    /// Whether a Sync that is sent now would end nothing: it stands alone behind a Query that has left the
    /// transaction of a batch without Sync open.
    ///
    /// PostgreSQL 17 and later then call the session idle without ending the transaction, refuse the next
    /// statement (XX000) and lose what was done.
    public boolean isSyncIdle() {
        return pipelined.isAnswered(owed.headNumber()) && pipelined.isLast() && !copyIn && !discarding;
    }

    /// Whether a batch is open of which nothing was bound or executed, outside of a transaction block.
    public boolean isOnlyPrepared() {
        return open && !discarding && !copyIn && pipelined.isOnlyPrepared();
    }

    /// Whether an error of what is still owed could make the server discard what is sent now: no Sync
    /// would stand between.
    public boolean mayDiscardNext() {
        for (int i = owed.size() - 1; i >= 0; i--) {
            var kind = owed.kind(i);
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
        return owed.kind(0).endsWith(type);
    }

    /// Whether the answer at the head is one that the proxy gives itself.
    boolean isFakeNext() {
        return !isEmpty() && owed.fate(0) == AnswerFate.FAKE;
    }

    /// What the answer at the head is for.
    public RequestKind headKind() {
        return owed.kind(0);
    }

    /// Who owns the answer at the head; null while nothing is owed, or if its owner has left.
    @Nullable
    AnswerOwner headOwner() {
        return isEmpty() ? null : owed.owner(0);
    }

    AnswerFate headFate() {
        return owed.fate(0);
    }

    /// The note of the answer at the head.
    public Note headNote() {
        return isEmpty() ? Note.NONE : owed.note(0);
    }

    /// Whether ReadyForQuery follows the answer at the head.
    public boolean isReadyNext() {
        if (isEmpty()) return false;
        return owed.kind(0).endsWithReady() || owed.size() > 1 && owed.kind(1) == RequestKind.SYNC;
    }

    /// The note of the answer that the next ReadyForQuery ends.
    Note readyNote() {
        int at = owed.nextReady();
        return at < 0 ? Note.NONE : owed.note(at);
    }

    /// What becomes of the answer that the next ReadyForQuery ends.
    AnswerFate readyFate() {
        int at = owed.nextReady();
        return at < 0 ? AnswerFate.FORWARD : owed.fate(at);
    }

    /// Who owns the answer that the next ReadyForQuery ends; null if nobody does.
    @Nullable
    AnswerOwner readyOwner() {
        int at = owed.nextReady();
        return at < 0 ? null : owed.owner(at);
    }

    // What the server says

    /// Whether a Sync was sent of which nobody knows whether the server ignores it.
    boolean isSyncInDoubt() {
        return doubted > 0;
    }

    /// The server takes copied data now (CopyInResponse): Syncs sent before the end of the data are
    /// ignored by it.
    void copyInStarted() {
        if (isEmpty()) return;
        guessed = 0;
        if (tookData) takeEndOfData();
        tookData = true;
        int size = owed.size();
        // The first behind the data, if data was sent behind the head.
        int behind = behindData() < size ? size - (int) behindData() : size;
        int syncs = 0;
        while (syncs + 1 < size && owed.kind(syncs + 1) == RequestKind.SYNC) syncs++;
        int ignored = Math.min(syncs, behind - 1);
        boolean alone = syncs + 1 == size;
        boolean batchFollows = !owed.kind(0).endsWithReady();
        for (int i = syncs + 1; i < size; i++)
            if (owed.kind(i) != RequestKind.COPY_END)
                batchFollows = !owed.kind(i).endsWithReady();
        copyIn = alone;
        doubted = syncs - ignored;
        open |= batchFollows;
        ignoreSyncs(ignored);
    }

    /// A command has completed: a COPY that has ended without error has ignored every Sync among its data.
    void completed() {
        guessed = 0;
    }

    /// A string has a second COPY: the data of the first has ended.
    private void takeEndOfData() {
        int at = owed.firstEndOfData();
        if (at < 0) return;
        long number = owed.headNumber() + at;
        owed.remove(at, 1);
        copiedAt = copiedAt <= number ? -1 : copiedAt - 1;
        pipelined.removed(1);
    }

    /// The server reported an error: the owners of everything that it will not answer hear of it. What
    /// they ask for then is discarded too, unless a Sync stands before.
    ///
    /// @param waiting whether a server that takes copied data was waiting for more: then it has read
    ///     every Sync
    /// @return false if nobody knows how many Syncs the server will answer: data may have failed before a
    ///     Sync which was taken for ignored
    boolean failed(boolean waiting) {
        if (guessed > 0 && !waiting) return false;
        guessed = 0;
        if (doubted > 0) settleDoubt(waiting);
        copyIn = false;
        if (isEmpty() ? !open : owed.kind(0) == RequestKind.QUERY || owed.kind(0) == RequestKind.FUNCTION_CALL)
            return true;
        if (owed.syncs() == 0) {
            open = true;
            discarding = true;
        }
        // Also a Query behind extended-query messages is discarded then, and what follows it.
        while (!isEmpty() && owed.kind(0) != RequestKind.SYNC) discardHead();
        return true;
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
    /// @param inTransaction whether a transaction is open, which may have failed
    /// @return whether there was such an entry; its fate, owner and note are to be asked before
    boolean ready(boolean inTransaction) {
        copyIn = false;
        doubted = 0;
        guessed = 0;
        while (!isEmpty() && !owed.kind(0).endsWithReady()) discardHead();
        if (isEmpty()) return false;
        pipelined.ready(inTransaction, owed.headNumber());
        take();
        return true;
    }

    /// What is known of the transaction that is open.
    PipelinedQuery pipelined() {
        return pipelined;
    }

    /// From now on no answer goes to this owner, which has left; what others asked stays as it is.
    public void disown(AnswerOwner gone) {
        owed.disown(gone);
    }

    /// The connection is lost: forgets every answer that was owed.
    void abandon() {
        while (!isEmpty()) {
            if (owed.note(0) instanceof FakeAnswer(var bytes, var _)) bytes.release();
            if (owed.owner(0) instanceof Exchange exchange) exchange.forget();
            take();
        }
        open = false;
        pipelined.over();
        discarding = false;
        copyIn = false;
        doubted = 0;
        guessed = 0;
    }
}
