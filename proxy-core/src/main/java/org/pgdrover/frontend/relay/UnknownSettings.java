package org.pgdrover.frontend.relay;

/// Knows whether a transaction has changed parameters whose names nobody can tell, as answers have told.
///
/// A statement that fails changes none, and a transaction that is rolled back takes its changes with it.
final class UnknownSettings {
    private boolean sent;
    private boolean changed;
    private boolean changedInside;

    /// A statement is sent that may change some.
    void sent() {
        sent = true;
    }

    /// Whether anything was sent that may change some.
    boolean isSent() {
        return sent;
    }

    /// Such a statement has completed.
    ///
    /// @param inside whether in a transaction block, so that a rollback takes it back
    void completed(boolean inside) {
        if (inside) changedInside = true;
        else changed = true;
    }

    void committed() {
        changed |= changedInside;
        changedInside = false;
    }

    void rolledBack() {
        changedInside = false;
    }

    boolean areChanged() {
        return changed || changedInside;
    }
}
