package org.pgdrover.frontend.relay;

import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// The part of a server's doubts that comes from statements which have been answered.
final class LeftBehind {
    private static final Residues HARMLESS = Residues.of(Residue.SETTINGS, Residue.SEQUENCES);

    private boolean ofSession;

    /// @param residues what the statements of a delivery may leave
    /// @param named whether parameters are in doubt whose names are known
    void answered(Residues residues, boolean named) {
        // Each for itself: beside what may do anything it would not show what another is known to leave.
        ofSession |= named || isOfSession(residues);
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
