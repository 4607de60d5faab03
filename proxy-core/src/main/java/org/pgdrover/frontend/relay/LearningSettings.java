package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/// A client parses statements in a transaction in which a function has set what nobody knows. The server is
/// asked what is set before the transaction goes on.
///
/// The transaction goes on also if the question fails.
final class LearningSettings implements RelayState {
    private static final String SAVEPOINT = "pgdrover_settings";

    private final Relay relay;
    private final ServerLease lease;
    private final Working next;
    private @Nullable Exchange answered;
    private boolean asked;
    private boolean failed;

    LearningSettings(Relay relay, ServerLease lease, Working next) {
        this.relay = relay;
        this.lease = lease;
        this.next = next;
    }

    /// Whether the server can be asked: nothing else is under way in the transaction.
    static boolean isPossible(ServerLease lease) {
        var server = lease.server();
        return server.status() == TransactionStatus.IN_TRANSACTION
                && server.ledger().isAtRest();
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return next;
        if (!asked) {
            asked = true;
            ask();
        }
        if (answered == null) return this;
        if (!failed) {
            relay.session().settings().parsed().toldNow(PresentSettings.told(relay, answered));
            if (answered.error() == null) return next;
            failed = true;
            answered = null;
            goBack();
            return this;
        }
        if (!(answered.error() instanceof ErrorFields error)) return next;
        return PresentSettings.fail(
                relay, lease, Objects.requireNonNull(relay.deliveries().nextWaiting()), error.withoutPosition());
    }

    private void ask() {
        var exchange = new Exchange(lease.server(), this::answered);
        exchange.command("SAVEPOINT " + SAVEPOINT);
        exchange.command(PresentSettings.QUERY);
        exchange.command("RELEASE SAVEPOINT " + SAVEPOINT).send();
    }

    private void goBack() {
        var exchange = new Exchange(lease.server(), this::answered);
        exchange.command("ROLLBACK TO SAVEPOINT " + SAVEPOINT);
        exchange.command("RELEASE SAVEPOINT " + SAVEPOINT).send();
    }

    private void answered(Exchange exchange) {
        answered = exchange;
        relay.wake();
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    @Override
    public void onClosed() {
        relay.kept().forget(lease);
        lease.abandon(!relay.isTerminating());
    }
}
