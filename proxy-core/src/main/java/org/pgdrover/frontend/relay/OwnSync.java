package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.codec.MessageType;

/// Ends a batch on its server, where nothing of the client ends with it.
///
/// Behind a statement of the proxy's own in the same batch PostgreSQL takes what follows for a pipeline: refuses what
/// must not run in a transaction block and, since version 17, keeps a Query's transaction open until the next Sync.
final class OwnSync {
    private OwnSync() {}

    /// Whether no batch is open of which nothing was bound or executed. One that was answered so far is ended.
    static boolean isPreparedEnded(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        if (relay.deliveries().open() != delivery) return true;
        boolean prepared = ledger.isOnlyPrepared();
        if (prepared && ledger.isEmpty()) send(relay, lease);
        return !prepared && (ledger.isOpen() || ledger.isEmpty());
    }

    /// Ends a batch whose transaction is over and behind which a Query stands.
    static void endBehindTransaction(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        boolean over = delivery.statements.transactions().areOver()
                && Objects.requireNonNull(delivery.part).isOnly(MessageType.QUERY);
        if (!over || !ledger.isOpen() || !ledger.isEmpty() || ledger.isDiscarding() || ledger.isSyncIdle()) return;
        send(relay, lease);
    }

    private static void send(Relay relay, ServerLease lease) {
        new Exchange(lease.server(), _ -> relay.wake()).sync().send();
    }
}
