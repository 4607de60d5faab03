package org.pgdrover.frontend;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.metrics.QueryMeter;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;

/** Keeps the books on a client's batches: when each came, where it went and why, and what it leaves behind in the session. */
final class BatchJournal {
    private static final int SPARE = 8;

    private record MeterKey(String label, String node, RoutingReason reason) {}

    private final ClientSession session;
    private final FrontendServices services;
    private final ArrayDeque<Batch> spare = new ArrayDeque<>();
    private final Map<MeterKey, QueryMeter> meters = new HashMap<>();
    private final Map<Batch, List<QueryClass>> effects = new HashMap<>();

    BatchJournal(ClientSession session, FrontendServices services) {
        this.session = session;
        this.services = services;
    }

    Batch newBatch() {
        var batch = spare.isEmpty() ? new Batch() : spare.pop();
        batch.startNanos = services.clock().getAsLong();
        return batch;
    }

    void recycle(Batch batch) {
        effects.remove(batch);
        batch.recycle();
        if (spare.size() < SPARE) spare.push(batch);
    }

    /** A batch goes to a node for a reason. */
    void goes(Batch batch, String node, RoutingReason reason) {
        batch.node = node;
        batch.reason = reason;
    }

    /** A batch passes to the server that works for the client already. */
    void follows(Batch batch, ServerConnection server) {
        batch.node = server.target().node();
        boolean inTransaction = server.status() != TransactionStatus.IDLE;
        batch.reason = inTransaction ? RoutingReason.IN_TRANSACTION : RoutingReason.PIPELINED;
    }

    /** Why a batch goes to the primary without asking the router. */
    RoutingReason reasonToStay(Batch batch, boolean pinned) {
        if (pinned) return RoutingReason.PINNED;
        if (batch.avoidStandby) return RoutingReason.STANDBY_REFUSED;
        return batch.isComplete() ? RoutingReason.PROTOCOL : RoutingReason.NOT_SEEN_WHOLE;
    }

    /** A statement with an effect on the session succeeded within a batch. */
    void succeeded(Batch batch, QueryClass ran) {
        effects.computeIfAbsent(batch, _ -> new ArrayList<>(2)).add(ran);
    }

    /** A batch ended well: what its statements leave behind in the session is noted. */
    void applyEffects(Batch batch, ServerConnection server, TransactionStatus status) {
        if (!effects.isEmpty()) {
            var succeeded = effects.remove(batch);
            if (succeeded != null) for (var ran : succeeded) session.apply(ran, server, status);
        }
        for (int i = 0; i < batch.messages(); i++) {
            var message = batch.message(i);
            if (message.type == MessageType.QUERY
                    && message.queryClass != null
                    && message.queryClass.session() != SessionEffect.NONE)
                session.apply(message.queryClass, server, status);
        }
        noteDefinitions(batch, status);
    }

    private void noteDefinitions(Batch batch, TransactionStatus status) {
        var router = services.backends().router();
        for (var ran : batch.classes()) router.ran(ran, session.routing());
        if (status == TransactionStatus.IDLE) router.transactionEnded(session.routing());
    }

    /** A batch has been answered: it is counted and logged, and not used any more. Gives the time. */
    long ended(Batch batch) {
        long now = services.clock().getAsLong();
        long nanos = now - batch.startNanos;
        boolean failed = !batch.sqlState.isEmpty();
        meter(batch).completed(nanos, failed);
        if (batch.texts != null) log(batch, batch.texts, nanos);
        recycle(batch);
        return now;
    }

    private QueryMeter meter(Batch batch) {
        return meters.computeIfAbsent(
                new MeterKey(batch.label(), batch.node, batch.reason),
                key -> services.metrics()
                        .query(key.label(), key.node(), key.reason().label()));
    }

    private void log(Batch batch, List<String> texts, long nanos) {
        var observer = services.observer();
        if (observer == null) return;
        for (var text : texts)
            observer.onStatement(
                    session.clientId(), batch.label(), batch.node, explain(batch), nanos, text, batch.sqlState);
    }

    /** The reason in words, with what the classifier found where that says more. */
    private String explain(Batch batch) {
        if (batch.reason == RoutingReason.PINNED && session.pinned() != null)
            return "session pinned: " + session.pinned();
        if (batch.reason != RoutingReason.WRITE || batch.classes().isEmpty()) return batch.reason.sentence();
        var found = batch.classes().getLast();
        return found.reason().isEmpty() ? found.statement() : found.reason();
    }
}
