package org.pgdrover.protocol;

/// The news of a CommandComplete about the transaction (PostgreSQL manual, section 54.7).
public enum CommandTag {
    /// BEGIN or START TRANSACTION, also where a transaction was open before.
    BEGIN,
    /// COMMIT, or PREPARE TRANSACTION, which gives the transaction away.
    COMMIT,
    /// ROLLBACK, to a savepoint too, and COMMIT of a transaction that has failed.
    ROLLBACK,
    NOTIFY,
    /// What may change the catalog: CREATE, ALTER, DROP and their kin, DO, CALL and COMMIT PREPARED.
    DEFINITION,
    OTHER
}
