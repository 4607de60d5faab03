package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.WireReader;

/// Tells a client what its server says without being asked: notices and notifications.
///
/// A commit whose wait for a synchronous standby is canceled ends with a warning (PostgreSQL manual,
/// section 26.2.8). Its client hears an error instead, for a failover may undo the commit.
final class UnaskedMessages {
    private final Relay relay;
    private final ServerLease lease;
    private final ServerConnection server;

    UnaskedMessages(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.lease = lease;
        this.server = lease.server();
    }

    /// @return whether the client is to have the notice as it is
    boolean notice(Note note, ByteBuf frame, int start, int end) {
        if (note instanceof MessagePlan plan && plan.insertions != null) {
            var moved = ClientsWords.ofString(plan, WireReader.errorFields(frame, start, end));
            if (moved != null) {
                relay.heldBack().passOn();
                var out = relay.client().newBuffer(128);
                BackendMessages.notice(out, moved);
                relay.write(out);
                return false;
            }
        }
        var delivery = relay.deliveries().answering();
        if (delivery == null || lease.isStandby() || !relay.services().reportsCanceledWaits()) return true;
        var notice = WireReader.errorFields(frame, start, end);
        if (!ClientsWords.isOfCanceledWait(notice)) return true;
        waitCanceled(notice, delivery, note);
        return false;
    }

    /// The client hears of a canceled wait at once instead of the commit's completion, or behind the answers
    /// to the rest of the delivery: nothing but ReadyForQuery follows an error.
    private void waitCanceled(ErrorFields notice, Delivery delivery, Note note) {
        var error = ClientsWords.canceledWait(notice);
        delivery.waitCanceled = true;
        delivery.begun = true;
        delivery.failedWith(error);
        if (isLast(delivery, note)) relay.heldBack().passOn(error);
        else delivery.unconfirmed = error;
    }

    /// Whether ReadyForQuery follows the statement that is answered now.
    private boolean isLast(Delivery delivery, Note note) {
        if (!server.ledger().isReadyNext()) return false;
        if (!(note instanceof MessagePlan plan)) return true;
        var parts = plan.runs.parts();
        return parts.isEmpty() ? !plan.runs.isUnknown() : delivery.completed == parts.size() - 1;
    }

    /// What the client has sent itself carries the process id that the client knows as its own.
    ///
    /// @return whether the client is to have the notification as it is
    boolean notification(ByteBuf frame, int start, int end) {
        if (relay.listening().hears(frame, start, end, lease)) return false;
        if (frame.getInt(start + 5) != server.cancelKey().processId()) return true;
        relay.heldBack().passOn();
        relay.write(frame.copy(start, end - start).setInt(5, relay.processId()));
        return false;
    }
}
