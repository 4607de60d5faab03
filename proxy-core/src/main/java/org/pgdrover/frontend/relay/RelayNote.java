package org.pgdrover.frontend.relay;

import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerStatements;

/// A note of an answer that belongs to a client. Of what ends a batch it is the delivery, of any other
/// message its plan.
sealed interface RelayNote extends Note
        permits Beginning, Delivery, MessagePlan, RelayNote.MakesRoom, RelayNote.Restores {
    /// The note of a Close that makes room on a server for another statement.
    record MakesRoom(ServerStatements.Prepared closed) implements RelayNote {}

    /// The note of the last statement that sets again what RESET has taken away.
    ///
    /// @param lasting whether no rollback of the client's takes that back
    record Restores(boolean lasting) implements RelayNote {}
}
