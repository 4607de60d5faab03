package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.codec.MessageType;

/// Ends a batch on its server, whose transaction has done nothing for the client or is over.
///
/// Behind a statement of the proxy's own in the same batch PostgreSQL takes what follows for a pipeline: refuses what
/// must not run in a transaction block and, since version 17, keeps a Query's transaction open until the next Sync.
final class OwnSync {
    private static final byte[] ANALYSED = "SELECT 1".getBytes(StandardCharsets.US_ASCII);

    private OwnSync() {}

    /// Ends a batch of which nothing was bound or executed, before the proxy runs what a delivery needs; false if that
    /// has to wait for an answer.
    static boolean endPrepared(ServerNeeds needs, Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        if (relay.deliveries().open() != delivery || ledger.isOpen() && !needs.runsInOpenBatch()) return true;
        boolean prepared = ledger.isOnlyPrepared();
        if (prepared && ledger.isEmpty()) send(relay, lease);
        return !prepared && (ledger.isOpen() || ledger.isEmpty());
    }

    /// What the batch has parsed before it was ended has begun its transaction, with a snapshot: another one begins
    /// for the rest.
    static void goOn(Relay relay, ServerLease lease, Delivery delivery) {
        if (relay.deliveries().open() != delivery || lease.server().ledger().isOpen()) return;
        if (!delivery.names.hasAnalysed()) return;
        var own = new OwnStatement(lease);
        own.prepare(ANALYSED);
        own.close();
    }

    /// Ends a batch whose transaction is over and behind which a Query stands; false if all of the batch has to be
    /// answered first, for the proxy may run something of its own before that Query.
    static boolean endBehindTransaction(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        boolean over = delivery.statements.transactions().areOver()
                && Objects.requireNonNull(delivery.part).isOnly(MessageType.QUERY);
        if (!over || !ledger.isOpen() || ledger.isDiscarding() || ledger.isSyncIdle()) return true;
        if (!ledger.isEmpty()) return !relay.listening().concerns(delivery);
        send(relay, lease);
        return true;
    }

    /// The end of the transaction may have changed settings, which PostgreSQL would report before the client is ready.
    private static void answered(Relay relay) {
        relay.session().told().late(true);
        relay.wake();
    }

    private static void send(Relay relay, ServerLease lease) {
        new Exchange(lease.server(), _ -> answered(relay)).sync().send();
    }
}
