package org.pgdrover.backend;

/// Knows what was sent since the last Sync that the next one ends.
///
/// Since version 17 a Query behind extended-query messages leaves the transaction of those messages open, and the
/// next Sync commits that (PostgreSQL manual, section 54.2.3). Entries of the ledger are told apart by their number
/// among all that there were.
final class PipelinedQuery {
    /// Whether the server has begun a transaction block and has not ended it since: no Sync ends a block.
    private boolean inBlock;
    /// Whether the server was ready last in a transaction that is no block.
    private boolean left;

    private boolean there;
    /// The number of the last such Query.
    private long number;
    /// Whether nothing that begins a command was sent behind that.
    private boolean last;
    /// Whether something was bound or executed since the last Sync.
    private boolean bound;

    /// A message is sent.
    ///
    /// @param open whether it stands behind extended-query messages
    /// @param before how many were sent before
    void sent(RequestKind kind, boolean open, long before) {
        boolean behind = open && kind.endsWithReady();
        if (behind) {
            there = true;
            number = before;
        }
        bound = behind || !kind.endsWithReady() && (bound || kind.isOfPortal());
        last = kind.endsWithReady() || last && kind == RequestKind.CLOSE;
    }

    /// A Sync is sent, or the connection is lost.
    void over() {
        there = false;
        bound = false;
    }

    /// A transaction block has begun, or has ended; the same batch may go on.
    void inBlock(boolean begun) {
        inBlock = begun;
    }

    /// Whether a block is open, or was when the connection was lost.
    boolean isInBlock() {
        return inBlock;
    }

    /// Whether a transaction is open that the next Sync ends, or was when the connection was lost.
    boolean hasLeft() {
        return left && !inBlock;
    }

    /// The server was ready: what is open then and no block is what such a Query has left.
    ///
    /// @param inTransaction whether a transaction is open, which may have failed
    /// @param answered the number of what was answered with that
    void ready(boolean inTransaction, long answered) {
        if (!inTransaction) inBlock = false;
        left = inTransaction && !inBlock;
        if (left || answered < number) return;
        there = false;
        if (last) bound = false;
    }

    /// So many entries behind the head will not be answered.
    void removed(int count) {
        number -= count;
    }

    /// @param head the number of the oldest that is owed
    boolean isUnderWay(long head) {
        return there && head <= number;
    }

    /// @param head the number of the oldest that is owed
    boolean isAnswered(long head) {
        return there && head > number;
    }

    /// Whether what was sent since the last Sync leaves nothing behind that the next one ends.
    boolean isOnlyPrepared() {
        return !there && !bound && !inBlock;
    }

    /// Whether nothing has followed it that begins a command.
    boolean isLast() {
        return last;
    }
}
