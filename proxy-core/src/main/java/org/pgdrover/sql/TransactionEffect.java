package org.pgdrover.sql;

/// A statement's effect on the transaction block, as far as its text tells.
public enum TransactionEffect {
    NONE,
    /// BEGIN or START TRANSACTION that is not READ ONLY.
    BEGIN,
    /// BEGIN or START TRANSACTION READ ONLY (and not DEFERRABLE SERIALIZABLE, which a standby refuses).
    BEGIN_READ_ONLY,
    /// COMMIT or END, also COMMIT PREPARED, with or without AND CHAIN; or PREPARE TRANSACTION.
    COMMIT,
    /// ROLLBACK or ABORT of the whole block, with or without AND CHAIN.
    ROLLBACK,
    /// SAVEPOINT, RELEASE, ROLLBACK TO, SET TRANSACTION, SET CONSTRAINTS: inside the block.
    INSIDE;

    /// Whether it begins a transaction block.
    public boolean begins() {
        return this == BEGIN || this == BEGIN_READ_ONLY;
    }
}
