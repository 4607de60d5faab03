package org.pgdrover.backend;

/// Knows what was sent since the last Sync that the next one ends.
///
/// Since version 17 a Query behind extended-query messages leaves the transaction of those messages open, and the
/// next Sync commits that (PostgreSQL manual, section 54.2.3). Entries of the ledger are told apart by their number
/// among all
/// that there were.
final class PipelinedQuery {
    private boolean there;
    /// The number of the last such Query.
    private long number;
    /// Whether nothing that begins a command was sent behind that.
    private boolean last;
    /// Whether something was bound or executed since the last Sync.
    private boolean bound;

    /// A message is sent.
    ///
    /// @param behind whether it is such a Query
    void sent(RequestKind kind, boolean behind, long itsNumber) {
        if (behind) {
            there = true;
            number = itsNumber;
        }
        bound = behind || !kind.endsWithReady() && (bound || kind.isOfPortal());
        last = kind.endsWithReady() || last && kind == RequestKind.CLOSE;
    }

    /// A Sync is sent, a block has begun, or the connection is lost.
    void over() {
        there = false;
        bound = false;
    }

    /// The server was ready, and no transaction is open.
    ///
    /// @param answered the number of what was answered with that
    void transactionOver(long answered) {
        if (answered >= number) there = false;
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
        return !there && !bound;
    }

    /// Whether nothing has followed it that begins a command.
    boolean isLast() {
        return last;
    }
}
