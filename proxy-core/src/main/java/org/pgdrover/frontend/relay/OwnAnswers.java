package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.SessionEffect;

/// Gives a client the answers that need no server.
final class OwnAnswers {
    private OwnAnswers() {}

    /// Answers a delivery that only closes statements or synchronizes, while no server works for the
    /// client; false if it needs a server.
    static boolean tryAnswer(Relay relay, Delivery delivery) {
        if (deallocates(relay, delivery)) {
            deallocate(relay, delivery, null);
            return true;
        }
        var batch = delivery.part;
        if (batch == null || !batch.isComplete() || relay.kept().lease() != null) return false;
        for (int i = 0; i < batch.messages(); i++)
            if (!needsNoServer(batch.message(i).type, delivery.plan(i))) return false;
        answer(relay, delivery, batch);
        return true;
    }

    /// Answers a BEGIN of which no server hears before the first statement.
    static void begin(Relay relay, Delivery delivery) {
        command(relay, delivery, TransactionStatus.IN_TRANSACTION);
    }

    /// Answers a COMMIT or ROLLBACK of a transaction that no server knows of.
    static void end(Relay relay, Delivery delivery) {
        command(relay, delivery, TransactionStatus.IDLE);
        relay.session().transactionEnded();
    }

    private static void command(Relay relay, Delivery delivery, TransactionStatus status) {
        var batch = Objects.requireNonNull(delivery.part);
        var statements = relay.session().statements();
        var command = delivery.statements.classes().getFirst().statement();
        var out = relay.client().newBuffer(96);
        for (int i = 0; i < batch.messages(); i++) {
            switch (batch.message(i).type) {
                case MessageType.QUERY -> {
                    statements.unnamed(null);
                    BackendMessages.commandComplete(out, command);
                }
                case MessageType.PARSE -> {
                    parsed(relay, Objects.requireNonNull(delivery.plan(i).statement));
                    BackendMessages.bare(out, MessageType.PARSE_COMPLETE);
                }
                case MessageType.BIND -> BackendMessages.bare(out, MessageType.BIND_COMPLETE);
                case MessageType.DESCRIBE -> {
                    int what = batch.from() + batch.message(i).start + 5;
                    if (Objects.requireNonNull(batch.bytes()).getByte(what) == 'S') BackendMessages.noParameters(out);
                    BackendMessages.bare(out, MessageType.NO_DATA);
                }
                case MessageType.EXECUTE -> BackendMessages.commandComplete(out, command);
                default -> {}
            }
        }
        if (status == TransactionStatus.IDLE && relay.listening().hasWaiting()) {
            relay.write(out);
            relay.listening().deliverAll();
            out = relay.client().newBuffer(8);
        }
        BackendMessages.readyForQuery(out, status);
        relay.write(out);
        relay.journal().answered(delivery);
        relay.end(delivery);
    }

    static void parsed(Relay relay, ClientStatement statement) {
        statement.answered();
        statement.shape(new StatementShape(new byte[2], null));
        relay.session().statements().add(statement);
    }

    private static boolean needsNoServer(byte type, MessagePlan plan) {
        return switch (type) {
            case MessageType.CLOSE -> plan.closes;
            case MessageType.SYNC, MessageType.FLUSH -> true;
            default -> false;
        };
    }

    private static void answer(Relay relay, Delivery delivery, Batch batch) {
        var out = relay.client().newBuffer(64);
        for (int i = 0; i < batch.messages(); i++) {
            var plan = delivery.plan(i);
            switch (batch.message(i).type) {
                case MessageType.CLOSE -> {
                    if (plan.statement != null) relay.session().statements().remove(plan.statement);
                    BackendMessages.bare(out, MessageType.CLOSE_COMPLETE);
                }
                case MessageType.SYNC -> BackendMessages.readyForQuery(out, relay.statusWithoutServer());
                default -> {}
            }
        }
        relay.write(out);
        relay.end(delivery);
    }

    /// Whether it is a DEALLOCATE of a statement that the client has made with Parse, and that servers
    /// know under another name.
    static boolean deallocates(Relay relay, Delivery delivery) {
        var batch = delivery.part;
        if (batch == null || !batch.isOnly(MessageType.QUERY)) return false;
        if (!(delivery.plan(0).runs.session() instanceof SessionEffect.Deallocate(var name))) return false;
        var kept = relay.kept().lease();
        if (kept != null && kept.hasOwnNames()) return false;
        return relay.session().statements().find(name.getBytes(StandardCharsets.UTF_8)) != null;
    }

    /// Answers such a DEALLOCATE.
    ///
    /// @param server that works for the client and is at rest; null if none does
    static void deallocate(Relay relay, Delivery delivery, @Nullable ServerConnection server) {
        if (delivery.plan(0).runs.session() instanceof SessionEffect.Deallocate(var name)) {
            var statements = relay.session().statements();
            var statement = statements.find(name.getBytes(StandardCharsets.UTF_8));
            if (statement != null) statements.remove(statement);
            statements.unnamed(null);
        }
        var out = relay.client().newBuffer(32);
        BackendMessages.commandComplete(out, "DEALLOCATE");
        BackendMessages.readyForQuery(out, server == null ? relay.statusWithoutServer() : server.status());
        relay.write(out);
        relay.end(delivery);
    }
}
