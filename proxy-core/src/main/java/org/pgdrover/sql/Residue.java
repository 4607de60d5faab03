package org.pgdrover.sql;

/// A kind of state that a statement may leave in its server's session, or take away from it.
public enum Residue {
    /// Run-time parameters whose names the text does not tell.
    SETTINGS,
    /// The user that SET SESSION AUTHORIZATION has made the session's.
    AUTHORIZATION,
    /// Statements of PREPARE, which EXECUTE and DEALLOCATE see.
    PREPARED,
    /// Cursors WITH HOLD.
    CURSORS,
    /// Advisory locks at session level.
    LOCKS,
    /// Channels that the session listens on.
    LISTENS,
    /// Temporary objects that stay when the transaction ends.
    TEMPORARY,
    /// The session's sequence state is read: lastval, currval.
    SEQUENCES,
    /// What DISCARD ALL does not take away: a random seed, a loaded library, a temporary replication
    /// slot, a backup, and all that is unknown.
    LASTING,
    /// Run-time parameters that end with the transaction, so that nothing is left of them behind it.
    LOCAL_SETTINGS
}
