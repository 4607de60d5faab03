package org.pgdrover.frontend;

import org.pgdrover.backend.ServerConnection;
import org.pgdrover.pool.ServerPool;

/**
 * Where a client's relay stands.
 *
 * <pre>
 *            batch          server lent              batch over, nothing left
 *   Idle ----------> Awaiting ----------> Attached ---------------------------> Idle
 *     |  no primary     ^                   |  \  next batch does not fit its standby
 *     +-----------> Holding                 |   +--> Attached(draining) --> Idle, then that batch
 *                                           | server lost in a transaction
 *                                           +--> Lost --[client ends the transaction]--> Idle
 *   any --[client gone]--> Closed
 * </pre>
 */
sealed interface RelayState {
    /** Nothing under way; reads the client's next batch whole before deciding where it goes. */
    record Idle() implements RelayState {}

    /** A batch waits for a server connection, or for its settings to be put right. */
    record Awaiting(Batch batch, Acquisition acquisition) implements RelayState {}

    /** A batch waits for a primary. */
    record Holding(Batch batch) implements RelayState {}

    /** A server works for the client. */
    record Attached(ServerPool pool, ServerConnection server, boolean standby) implements RelayState {}

    /** The transaction was lost with its server. */
    record Lost(LostTransaction transaction) implements RelayState {}

    record Closed() implements RelayState {}

    RelayState IDLE = new Idle();
    RelayState CLOSED = new Closed();
}
