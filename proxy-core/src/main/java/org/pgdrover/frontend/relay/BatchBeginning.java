package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/// Sends the beginning of a batch before the proxy sends anything of its own there.
///
/// A transaction is to begin as PostgreSQL begins it, and what the proxy asks in it, or prepares there, takes the
/// transaction's snapshot.
final class BatchBeginning {
    private BatchBeginning() {}

    /// Sends the Executes with which the present part of an open batch begins, if something else may have to go
    /// before its rest; what is left is the present part then.
    static void sendPortals(Relay relay, Working working, Delivery delivery) {
        int executes = Objects.requireNonNull(delivery.part).beginningExecutes();
        if (executes == 0 || relay.deliveries().open() != delivery) return;
        if (relay.session().statements().size() != 0) send(relay, working, delivery, executes);
    }

    /// Sends the statements with which the present part of a batch begins, as far as they are run without a snapshot;
    /// what is left is the present part then. PostgreSQL lets transaction modes be changed before the snapshot only
    /// (PostgreSQL manual, SET TRANSACTION), and a table should be locked before that (manual, LOCK).
    ///
    /// @return false if there are none, or they do not run in a transaction that has begun
    static boolean sendUntilSnapshot(Relay relay, Working working, Delivery delivery) {
        var ledger = working.lease().server().ledger();
        if (!ledger.isOpen() && !Following.isInTransaction(relay, working.lease())) return false;
        int count = untilSnapshot(delivery, Objects.requireNonNull(delivery.part));
        return count > 0 && send(relay, working, delivery, count);
    }

    /// How many messages run what makes a difference before the snapshot.
    private static int untilSnapshot(Delivery delivery, Batch batch) {
        int found = 0;
        for (int i = 0; i < batch.messages(); i++) {
            var plan = delivery.plan(i);
            switch (batch.message(i).type) {
                case MessageType.PARSE, MessageType.BIND, MessageType.DESCRIBE -> {
                    if (plan.statement instanceof ClientStatement statement && statement.isAnalysed()) return found;
                }
                case MessageType.EXECUTE -> {
                    if (!isWithoutSnapshot(plan.runs)) return found;
                    if (wantsNoSnapshot(plan.runs)) found = i + 1;
                }
                case MessageType.CLOSE, MessageType.FLUSH -> {}
                default -> {
                    return found;
                }
            }
        }
        return found;
    }

    private static boolean isWithoutSnapshot(QueryClass ran) {
        return switch (ran.transaction()) {
            case COMMIT, ROLLBACK -> false;
            case BEGIN, BEGIN_READ_ONLY, INSIDE -> true;
            case NONE -> ran.access() == Access.SESSION || ran.statement().equals("LOCK");
        };
    }

    private static boolean wantsNoSnapshot(QueryClass ran) {
        boolean modes =
                ran.transaction() == TransactionEffect.INSIDE && ran.statement().equals("SET");
        return modes || ran.transaction().begins() || ran.statement().equals("LOCK");
    }

    private static boolean send(Relay relay, Working working, Delivery delivery, int count) {
        var whole = Objects.requireNonNull(delivery.part);
        if (count == whole.messages()) return false;
        var beginning = relay.reader().beginning(whole, count);
        delivery.cut(beginning);
        boolean ready = isReady(relay, working.lease(), delivery);
        if (ready) {
            relay.deliveries().nextWaiting();
            working.send(delivery);
            delivery.next(relay.reader().rest(whole, count), false);
            relay.reader().recycle(whole);
            relay.deliveries().awaitFirst(delivery);
        } else {
            delivery.cut(whole);
            isReady(relay, working.lease(), delivery);
        }
        relay.reader().recycle(beginning);
        return ready;
    }

    private static boolean isReady(Relay relay, ServerLease lease, Delivery delivery) {
        return relay.judge().judge(delivery)
                && relay.listening().mayFollow(delivery)
                && relay.listening().prepare(delivery, lease)
                && ServerNeeds.of(relay, lease, delivery, false) == null;
    }
}
