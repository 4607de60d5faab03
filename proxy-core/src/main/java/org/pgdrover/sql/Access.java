package org.pgdrover.sql;

/// Whether a statement is proved to be a read, as far as its text can prove it.
public enum Access {
    /// A read if every function it names turns out not to be volatile.
    READ,
    /// Changes data, settings or locks, or might.
    WRITE,
    /// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their kin: goes where the transaction is.
    TRANSACTION,
    /// SET, RESET, DISCARD, DEALLOCATE …: changes the session only.
    SESSION,
    /// Nothing to run: an empty string or a comment.
    EMPTY
}
