package org.pgdrover.frontend.relay;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.SessionEffect;

/// A server sets the startup message's values again that a batch has taken away, before its client is ready.
///
/// RESET, DISCARD ALL and SET LOCAL … TO DEFAULT take them away.
final class Restoring implements RelayState {
    private static final String ROLE = "role";

    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private @Nullable Exchange answered;
    private boolean asked;

    Restoring(Relay relay, ServerLease lease, Delivery delivery) {
        this.relay = relay;
        this.lease = lease;
        this.delivery = delivery;
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return lost();
        if (!asked) {
            asked = true;
            if (!ask()) return ready();
        }
        return answered == null ? this : restored(answered);
    }

    private boolean ask() {
        var settings = relay.session().settings();
        var status = lease.server().status();
        if (status == TransactionStatus.FAILED) return false;
        // A batch of the extended protocol has set it behind the very statement.
        boolean string = Objects.requireNonNull(delivery.part).ends(MessageType.QUERY);
        var local = string
                        && status == TransactionStatus.IN_TRANSACTION
                        && delivery.statements.last() instanceof SessionEffect.ResetLocally reset
                ? settings.restoring(reset)
                : List.<String>of();
        if (local.isEmpty() && !settings.isServerBehind()) return false;
        var exchange = new Exchange(lease.server(), this::answered);
        local.forEach(exchange::query);
        var from = settings.onServer();
        var to = settings.current();
        // RESET ALL leaves the role, which something before may have changed.
        boolean roleUnknown = settings.isUnseen() || settings.inDoubt().contains(ROLE);
        if (roleUnknown && from.isLike(to, ROLE)) {
            from = from.withDefaultOf(ROLE, SessionSettings.EMPTY);
            to = to.withDefaultOf(ROLE, SessionSettings.EMPTY);
        }
        // A string of several would commit a transaction that nobody has begun.
        for (var query : ServerNeeds.difference(lease.server(), from, to)) exchange.query(query);
        exchange.send();
        return true;
    }

    private void answered(Exchange exchange) {
        answered = exchange;
        relay.wake();
    }

    private RelayState restored(Exchange exchange) {
        if (exchange.error() instanceof ErrorFields error) {
            lease.server().session().notClean("settings that could not be set");
            // It has failed the client's transaction.
            if (lease.server().status() == TransactionStatus.FAILED) tell(error);
            return ready();
        }
        var settings = relay.session().settings();
        settings.serverCaughtUp();
        if (lease.server().status() == TransactionStatus.IDLE)
            lease.server().session().settings(settings.onServer());
        return ready();
    }

    private void tell(ErrorFields error) {
        var out = relay.client().newBuffer(128);
        BackendMessages.error(out, error);
        relay.write(out);
        delivery.failedWith(error);
    }

    /// What the client has not been told yet of the parameters that servers report, and that its batch
    /// is over.
    private RelayState ready() {
        var out = relay.client().newBuffer(64);
        ParameterReports.tell(relay, lease, out, _ -> true);
        if (lease.server().status() == TransactionStatus.IDLE
                && relay.listening().isInvolved()) {
            relay.write(out);
            return new Marking(relay, lease, delivery);
        }
        BackendMessages.readyForQuery(out, lease.server().status());
        relay.write(out);
        relay.client().flush();
        lease.restored();
        relay.end(delivery);
        return new Working(relay, lease);
    }

    /// The client's own defaults are set again on the next server.
    private RelayState lost() {
        lease.restored();
        var out = relay.client().newBuffer(64);
        var defaults = relay.session().settings().defaults();
        ParameterReports.tell(relay, lease, out, name -> !defaults.contains(name));
        relay.write(out);
        return ServerLoss.of(relay, lease).settleUnready(delivery);
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    @Override
    public void onClosed() {
        relay.kept().forget(lease);
        lease.server().session().notClean("a client left before its settings were restored");
        lease.abandon(!relay.isTerminating());
    }
}
