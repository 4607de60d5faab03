package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.codec.MessageType;

/// Ends a batch whose transaction is over and behind which a Query stands.
///
/// Behind a statement of the proxy's own PostgreSQL 17 and later would keep the Query's transaction open until the
/// client's next Sync.
final class OwnSync {
    private OwnSync() {}

    static void endBehindTransaction(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        boolean over = delivery.statements.transactions().areOver()
                && Objects.requireNonNull(delivery.part).isOnly(MessageType.QUERY);
        if (!over || !ledger.isOpen() || !ledger.isEmpty() || ledger.isDiscarding() || ledger.isSyncIdle()) return;
        new Exchange(lease.server(), _ -> relay.wake()).sync().send();
    }
}
