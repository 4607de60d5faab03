package org.pgdrover.frontend.relay;

import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerStatements;

/// The notes of answers that belong to clients: of what ends a batch its delivery, of any other message its plan.
sealed interface RelayNote extends Note permits Delivery, MessagePlan, RelayNote.MakesRoom, RelayNote.Restores {
    /// The note of a Close that makes room on a server for another statement.
    record MakesRoom(ServerStatements.Prepared closed) implements RelayNote {}

    /// The note of the last statement that sets again what RESET has taken away.
    record Restores() implements RelayNote {}
}
