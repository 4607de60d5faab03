package org.pgdrover.frontend.relay;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.TransactionEffect;

/// A deferred BEGIN that goes to a server in one write with the transaction's first statement.
///
/// BEGIN goes by the extended protocol and without Sync: if it fails, the server discards the statement
/// behind it, so the statement never runs outside its transaction (PostgreSQL manual, section 54.2.3).
final class Beginning implements RelayNote {
    /// A server that was in use so shortly before is taken to answer. BEGIN goes alone to any other, so
    /// that a client need not run its transaction again because of a server that was lost unnoticed.
    private static final long RECENT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int HEADER = 5;

    private final DeferredBegin begin;
    private boolean begun;
    private @Nullable ErrorFields error;

    Beginning(DeferredBegin begin) {
        this.begin = begin;
    }

    /// Whether BEGIN may go together with a delivery, which needs nothing else on its server.
    static boolean suits(Relay relay, ServerLease lease, Delivery delivery) {
        var server = lease.server();
        long idle = relay.services().clock().getAsLong() - server.idleSinceNanos();
        return idle < RECENT_NANOS
                && !lease.isStandby()
                && relay.kept().lease() != lease
                && server.ledger().isAtRest()
                && !relay.listening().isInvolved()
                && !relay.listening().concerns(delivery)
                && delivery.isComplete()
                && delivery.first
                && !hasTransactionCommand(delivery)
                && needsNothingUnnamed(Objects.requireNonNull(delivery.part), delivery);
    }

    private static boolean hasTransactionCommand(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) {
            var ran = classes.get(i);
            if (ran.transaction() != TransactionEffect.NONE || !ran.parts().isEmpty()) return true;
        }
        return classes.isEmpty();
    }

    /// Whether a batch uses no unnamed portal but its own, for BEGIN takes its place. The client's unnamed
    /// statement has ended with the client's own BEGIN.
    private static boolean needsNothingUnnamed(Batch batch, Delivery delivery) {
        if (batch.isOnly(MessageType.QUERY)) return true;
        if (!batch.ends(MessageType.SYNC)) return false;
        for (int i = 0; i < batch.messages(); i++) {
            switch (batch.message(i).type) {
                case MessageType.PARSE -> {}
                case MessageType.BIND -> {
                    return delivery.plan(i).statement != null && isUnnamedPortal(batch, i);
                }
                default -> {
                    return false;
                }
            }
        }
        return false;
    }

    private static boolean isUnnamedPortal(Batch batch, int message) {
        var bytes = Objects.requireNonNull(batch.bytes());
        int start = batch.from() + batch.message(message).start;
        return WireReader.endOfString(bytes, start + HEADER, start + batch.message(message).size) == start + HEADER;
    }

    /// Writes BEGIN; what is written next stands behind it in the same batch.
    void write(ServerLease lease) {
        var server = lease.server();
        server.session().unnamedStatement(null);
        for (var kind : begin.requestKinds()) server.expect(kind, AnswerFate.SKIP, lease, this);
        var out = server.newBuffer(begin.request().length);
        server.write(out.writeBytes(begin.request()));
    }

    /// A part of it was answered.
    ///
    /// @return whether the server has begun the transaction with that
    boolean answered(RequestKind kind) {
        begun |= kind == RequestKind.EXECUTE;
        return begun;
    }

    /// It was refused, and with it everything behind it.
    void failed(ErrorFields failure) {
        error = failure;
    }

    DeferredBegin begin() {
        return begin;
    }

    /// Whether the server has begun the transaction.
    boolean isBegun() {
        return begun;
    }

    /// Why the transaction could not begin; null if it could, or is not known to have begun.
    @Nullable
    ErrorFields error() {
        return error;
    }
}
