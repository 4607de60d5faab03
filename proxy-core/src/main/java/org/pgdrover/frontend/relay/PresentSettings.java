package org.pgdrover.frontend.relay;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;

/// The question to a server what is set in its session now, within the transaction.
///
/// Custom parameters are in no view, and are not told; neither is the role, which is asked for by name.
final class PresentSettings {
    /// Its text.
    static final String QUERY =
            "SELECT 'asked'::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text UNION ALL SELECT 'setting',"
                    + " s.name, s.setting FROM pg_catalog.pg_settings s WHERE s.source OPERATOR(pg_catalog.=) 'session'"
                    + " UNION ALL SELECT 'setting', 'role', pg_catalog.current_setting('role')";
    private static final String ROLE = "role";

    private PresentSettings() {}

    /// Asks it.
    ///
    /// @param open whether a batch is open, and is to stay open
    static void ask(boolean open, Exchange exchange) {
        if (open) exchange.openCommand(QUERY).sendOpen();
        else exchange.command(QUERY).send();
    }

    /// The question has failed, and the client's transaction with it: that is the answer to the delivery
    /// which would have come next.
    ///
    /// @param error without a position of the question's own text
    static RelayState fail(Relay relay, ServerLease lease, Delivery delivery, ErrorFields error) {
        boolean open = lease.server().ledger().isOpen();
        if (!open && !delivery.isComplete()) return new Refusing(relay, lease, delivery, error);
        var working = new Working(relay, lease);
        var out = relay.client().newBuffer(128);
        BackendMessages.error(out, error);
        if (!open) BackendMessages.readyForQuery(out, lease.server().status());
        relay.write(out);
        delivery.failedWith(error);
        delivery.begun = true;
        if (open) {
            // The server discards it up to its Sync.
            working.send(delivery);
            return working;
        }
        // A Query ends the unnamed statement whatever comes of it.
        if (Objects.requireNonNull(delivery.part).ends(MessageType.QUERY))
            relay.session().statements().unnamed(null);
        relay.deliveries().endIfOpen(delivery);
        relay.end(delivery);
        return working;
    }

    /// What the server has told; null if it has not told.
    static @Nullable SessionSettings told(Relay relay, Exchange answered) {
        List<@Nullable String[]> rows = answered.rows();
        if (answered.error() != null || rows.isEmpty() || rows.getFirst().length != 3) return null;
        var settings = SessionSettings.EMPTY;
        String role = null;
        for (int i = 1; i < rows.size(); i++) {
            var name = rows.get(i)[1];
            var value = rows.get(i)[2];
            if (ROLE.equals(name)) role = value;
            else if (name != null) settings = SessionInspection.setting(relay, settings, name, value);
        }
        // What another role may not set is set before.
        return role == null ? settings : SessionInspection.setting(relay, settings, ROLE, role);
    }
}
