package org.pgdrover.frontend;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.SessionEffect;

/** Gives a client the answers that need no server. */
final class OwnAnswers {
    private final ClientConnection client;
    private final ClientSession session;
    private final boolean sessionMode;

    OwnAnswers(ClientConnection client, ClientSession session, boolean sessionMode) {
        this.client = client;
        this.session = session;
        this.sessionMode = sessionMode;
    }

    /**
     * Answers a batch that only prepares what servers have accepted before, closes statements or synchronizes; false if it needs a server.
     *
     * @param home whether the client keeps a server connection, which must then hear of its statements
     */
    boolean answers(Batch batch, boolean home) {
        if (batch.messages() == 1 && deallocates(batch.message(0), null)) return true;
        if (home) return false;
        for (int i = 0; i < batch.messages(); i++) if (!needsNoServer(batch.message(i))) return false;
        answer(batch);
        return true;
    }

    private static boolean needsNoServer(ClientMessage message) {
        return switch (message.type) {
            case MessageType.CLOSE, MessageType.SYNC, MessageType.FLUSH -> true;
            case MessageType.PARSE ->
                !message.duplicate
                        && message.statement != null
                        && message.statement.shared() != null
                        && message.statement.shared().isAccepted();
            default -> false;
        };
    }

    private void answer(Batch batch) {
        var out = client.newBuffer(64);
        for (int i = 0; i < batch.messages(); i++) {
            switch (batch.message(i).type) {
                case MessageType.PARSE -> BackendMessages.bare(out, MessageType.PARSE_COMPLETE);
                case MessageType.CLOSE -> BackendMessages.bare(out, MessageType.CLOSE_COMPLETE);
                case MessageType.SYNC -> BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
                default -> {}
            }
        }
        client.writeAndFlush(out);
    }

    /**
     * Answers a DEALLOCATE of a statement that the client has made with Parse and that servers know under another name; false if it is not one.
     *
     * @param server where it would go, with what it still owes before; null if nowhere
     */
    boolean deallocates(ClientMessage message, @Nullable ServerConnection server) {
        if (message.type != MessageType.QUERY || sessionMode || message.queryClass == null) return false;
        if (!(message.queryClass.session() instanceof SessionEffect.Deallocate(var name))) return false;
        var statement = session.statements().find(name.getBytes(StandardCharsets.UTF_8));
        if (statement == null) return false;
        if (server != null && (!server.ledger().isAtRest() || server.status() == TransactionStatus.FAILED))
            return false;
        session.statements().remove(statement);
        var out = client.newBuffer(32);
        BackendMessages.commandComplete(out, "DEALLOCATE");
        BackendMessages.readyForQuery(out, server == null ? TransactionStatus.IDLE : server.status());
        client.writeAndFlush(out);
        return true;
    }

    /** Tells the client that a batch failed without a server. */
    void error(Batch batch, ErrorFields error) {
        var out = client.newBuffer(256);
        BackendMessages.error(out, error);
        if (batch.isComplete()) BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        client.writeAndFlush(out);
    }
}
