package org.pgdrover.frontend.relay;

import java.time.Duration;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.codec.BackendMessages;

/// A transaction is over, and its client gets notifications before it hears that. They are its own, and
/// what others have sent meanwhile, as from PostgreSQL.
///
/// A mark is sent through the server's queue behind them, and waited for.
final class Marking implements RelayState {
    private static final Duration MOST = Duration.ofSeconds(1);

    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private boolean asked;
    private boolean answered;
    private boolean tooLong;

    Marking(Relay relay, ServerLease lease, Delivery delivery) {
        this.relay = relay;
        this.lease = lease;
        this.delivery = delivery;
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return lost();
        if (!asked) ask();
        if (!answered || !tooLong && !relay.listening().isMarked()) return this;
        relay.listening().settle();
        relay.listening().deliverAll();
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, lease.server().status());
        relay.write(out);
        relay.client().flush();
        lease.restored();
        relay.end(delivery);
        return new Working(relay, lease);
    }

    private void ask() {
        asked = true;
        // What others have sent has come already.
        var mark = relay.listening().isInvolved() ? relay.listening().toEnd() : null;
        // A simple query would end an unnamed statement that cannot be prepared again.
        if (mark == null || relay.session().statements().hasUnkept()) {
            answered = true;
            tooLong = true;
            return;
        }
        new Exchange(lease.server(), this::answered).query(mark).send();
        var _ = relay.client().schedule(this::tooLong, MOST);
    }

    private void answered(Exchange exchange) {
        answered = true;
        tooLong |= exchange.error() != null;
        relay.wake();
    }

    private void tooLong() {
        if (tooLong) return;
        tooLong = true;
        relay.wake();
    }

    /// The transaction is over, and has had its effect.
    private RelayState lost() {
        relay.listening().settle();
        lease.restored();
        return ServerLoss.of(relay, lease).settleUnready(delivery);
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
