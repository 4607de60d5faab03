package org.pgdrover.frontend.relay;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.metrics.QueryMeter;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;

/// Keeps the books on a client's deliveries: when each came, where it went and why, and how it ended.
///
/// It knows every delivery that is not over, whoever has it, so that what those keep is released when the
/// client is gone.
final class DeliveryJournal {
    private static final int SPARE = 8;

    private record Counted(String label, String node, RoutingReason reason, QueryMeter meter) {
        boolean isOf(Delivery delivery) {
            return reason == delivery.reason && label.equals(delivery.statements.label()) && node.equals(delivery.node);
        }
    }

    private final ClientSession session;
    private final RelayServices services;
    private final ArrayDeque<Delivery> spare = new ArrayDeque<>();
    /// Those that are not over; each knows its place.
    private final ArrayList<Delivery> underWay = new ArrayList<>();
    /// A handful, which are found sooner one by one than by a key that has to be made.
    private final List<Counted> counted = new ArrayList<>(4);

    DeliveryJournal(ClientSession session, RelayServices services) {
        this.session = session;
        this.services = services;
    }

    Delivery begin(Batch batch) {
        var delivery = spare.isEmpty() ? new Delivery(session.settings()::defaults) : spare.pop();
        delivery.startNanos = services.clock().getAsLong();
        delivery.part = batch;
        if (batch.isComplete()) delivery.complete();
        delivery.place = underWay.size();
        underWay.add(delivery);
        return delivery;
    }

    void recycle(Delivery delivery) {
        if (delivery.place < 0) return;
        var last = underWay.removeLast();
        if (last != delivery) {
            underWay.set(delivery.place, last);
            last.place = delivery.place;
        }
        delivery.place = -1;
        delivery.recycle();
        if (spare.size() < SPARE) spare.push(delivery);
    }

    /// The client is gone, and nobody will be answered.
    void close() {
        for (var delivery : underWay) {
            delivery.place = -1;
            delivery.defined();
            if (delivery.part != null) delivery.part.recycle();
        }
        underWay.clear();
    }

    /// A delivery goes to a node for a reason.
    void goes(Delivery delivery, String node, RoutingReason reason) {
        delivery.node = node;
        delivery.reason = reason;
    }

    /// The proxy answers a delivery that begins or ends a transaction of which no server knows.
    void answered(Delivery delivery) {
        goes(delivery, "-", RoutingReason.DEFERRED);
    }

    /// A delivery is about to be sent. What it may define is unknown from now on: its answer may come long after it
    /// is carried out.
    void sending(Delivery delivery) {
        boolean commits = session.routing().hasDefined() && delivery.mayCommit();
        if (delivery.whenDefined != null || !commits && !delivery.statements.mayDefine()) return;
        delivery.whenDefined = services.router().sends(delivery.statements.classes(), commits, session.routing());
    }

    /// A delivery goes to the server that works for the client already.
    void follows(Delivery delivery, ServerConnection server) {
        delivery.node = server.target().node();
        boolean inTransaction = server.status() != TransactionStatus.IDLE;
        delivery.reason = inTransaction ? RoutingReason.IN_TRANSACTION : RoutingReason.PIPELINED;
        delivery.read = inTransaction && services.router().areReads(delivery.statements.classes(), session.routing());
    }

    /// Why a delivery goes to the primary without asking the router.
    RoutingReason reasonToStay(Delivery delivery, boolean pinned) {
        if (pinned) return RoutingReason.PINNED;
        if (delivery.avoidStandby) return RoutingReason.STANDBY_REFUSED;
        if (!delivery.isComplete()) return RoutingReason.NOT_SEEN_WHOLE;
        if (!delivery.isServerNeeded()) return RoutingReason.PROTOCOL;
        return delivery.statements.mayWrite() && !delivery.statements.areReads()
                ? RoutingReason.WRITE
                : RoutingReason.OWN_STATEMENTS;
    }

    /// A delivery has been answered: it is counted and logged, and not used any more.
    void ended(Delivery delivery) {
        long nanos = services.clock().getAsLong() - delivery.startNanos;
        meter(delivery).completed(nanos, delivery.hasFailed());
        if (!delivery.texts.isEmpty()) log(delivery, nanos);
        recycle(delivery);
    }

    private QueryMeter meter(Delivery delivery) {
        for (int i = 0; i < counted.size(); i++) if (counted.get(i).isOf(delivery)) return counted.get(i).meter;
        var label = delivery.statements.label();
        var meter = services.metrics().query(label, delivery.node, delivery.reason.label());
        counted.add(new Counted(label, delivery.node, delivery.reason, meter));
        return meter;
    }

    private void log(Delivery delivery, long nanos) {
        var observer = services.observer();
        if (observer == null || !observer.shows(nanos)) return;
        observer.onBatch(
                session.clientId(),
                delivery.statements.label(),
                delivery.node,
                explain(delivery),
                nanos,
                delivery.texts.all(),
                delivery.sqlState());
    }

    /// The first that is no proved read, which has sent the others with it.
    private static QueryClass decisive(List<QueryClass> classes) {
        for (var each : classes) if (each.access() == Access.WRITE) return each;
        return classes.getLast();
    }

    /// The reason in words, with what the classifier found where that says more.
    private String explain(Delivery delivery) {
        if (delivery.reason == RoutingReason.PINNED && session.pinned() != null)
            return "session pinned: " + session.pinned();
        if (delivery.reason != RoutingReason.WRITE
                || delivery.statements.classes().isEmpty()) return delivery.reason.sentence();
        var found = decisive(delivery.statements.classes());
        return found.reason().isEmpty() ? found.statement() : found.reason();
    }
}
