package org.pgdrover.frontend.relay;

import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// The part of a server's doubts that comes from statements which have been answered.
final class LeftBehind {
    private static final Residues HARMLESS = Residues.of(Residue.SETTINGS, Residue.SEQUENCES);

    private boolean ofSession;

    /// A statement has been answered. Each statement is told of for itself: beside one that may do anything nobody
    /// would see what another one is known to leave.
    ///
    /// @param residues what it may leave
    void answered(Residues residues) {
        ofSession |= isOfSession(residues);
    }

    /// Parameters are in doubt whose names are known.
    void answeredWithNames() {
        ofSession = true;
    }

    /// Whether the session cannot go on elsewhere. It goes on if nothing is known that may be there: a
    /// failover must not end every session that has used a table which the catalog does not know yet.
    boolean isOfSession() {
        return ofSession;
    }

    static boolean isOfSession(Residues may) {
        return !may.isAll() && !may.and(HARMLESS).equals(HARMLESS);
    }
}
