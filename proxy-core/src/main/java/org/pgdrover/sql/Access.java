package org.pgdrover.sql;

/// A statement's kind of access, as far as its text can prove that it is a read.
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
