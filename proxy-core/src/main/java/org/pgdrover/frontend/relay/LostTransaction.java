package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.Set;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/**
 * Stands in for the server of a transaction that was lost with it: answers as PostgreSQL answers in an aborted transaction, until the client ends
 * it (PostgreSQL manual, section 54.2.2).
 *
 * <p>So no statement of a transaction's remainder is ever run on its own.
 */
final class LostTransaction {
    private static final Set<String> ENDS = Set.of("COMMIT", "ROLLBACK", "PREPARE TRANSACTION");

    private final ClientConnection client;
    private ErrorFields next;
    private boolean reported;
    private boolean discarding;
    private boolean over;
    private boolean exitBound;

    /**
     * @param cause what the client is told first
     * @param reported whether it has been told already
     */
    LostTransaction(ClientConnection client, ErrorFields cause, boolean reported) {
        this.client = client;
        this.next = reported ? aborted() : cause;
        this.reported = reported;
    }

    private static ErrorFields aborted() {
        return ErrorFields.error(
                SqlState.IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block");
    }

    /** Whether the client has ended the transaction, so that its next batch is served as usual. */
    boolean isOver() {
        return over;
    }

    /** Whether the rest of a batch, up to Sync, is of no use. */
    boolean isDiscarding() {
        return discarding;
    }

    /** The client has sent a batch's beginning before the loss: the rest of it up to Sync is discarded. */
    void discardUntilSync() {
        discarding = true;
    }

    /** Answers one message of the client. */
    void answer(byte type, QueryClass queryClass) {
        var out = client.newBuffer(128);
        switch (type) {
            case MessageType.SYNC -> {
                discarding = false;
                ready(out);
            }
            case MessageType.QUERY -> query(out, queryClass);
            case MessageType.FUNCTION_CALL -> {
                if (!discarding) {
                    fail(out);
                    ready(out);
                }
            }
            default -> {
                if (!discarding) extended(out, type, queryClass);
            }
        }
        client.write(out);
    }

    private void query(ByteBuf out, QueryClass queryClass) {
        if (discarding) return;
        if (ends(queryClass)) end(out, queryClass);
        else fail(out);
        ready(out);
    }

    private void extended(ByteBuf out, byte type, QueryClass queryClass) {
        switch (type) {
            case MessageType.PARSE -> {
                if (ends(queryClass)) BackendMessages.bare(out, MessageType.PARSE_COMPLETE);
                else failBatch(out);
            }
            case MessageType.BIND -> {
                exitBound = ends(queryClass);
                if (exitBound) BackendMessages.bare(out, MessageType.BIND_COMPLETE);
                else failBatch(out);
            }
            case MessageType.DESCRIBE -> {
                if (exitBound || ends(queryClass)) BackendMessages.bare(out, MessageType.NO_DATA);
                else failBatch(out);
            }
            case MessageType.EXECUTE -> {
                if (exitBound) end(out, queryClass);
                else failBatch(out);
            }
            case MessageType.CLOSE -> BackendMessages.bare(out, MessageType.CLOSE_COMPLETE);
            default -> {}
        }
    }

    private static boolean ends(QueryClass queryClass) {
        // AND CHAIN begins another transaction, of which nobody knows how it was to begin.
        return queryClass.parts().isEmpty() && ENDS.contains(queryClass.statement());
    }

    /** A COMMIT that is the first to hear of the loss must not look like one that went well. */
    private void end(ByteBuf out, QueryClass queryClass) {
        over = true;
        if (!reported && queryClass.transaction() == TransactionEffect.COMMIT) {
            fail(out);
            discarding = exitBound;
            return;
        }
        BackendMessages.commandComplete(out, "ROLLBACK");
    }

    private void failBatch(ByteBuf out) {
        fail(out);
        discarding = true;
    }

    private void fail(ByteBuf out) {
        BackendMessages.error(out, next);
        next = aborted();
        reported = true;
    }

    private void ready(ByteBuf out) {
        BackendMessages.readyForQuery(out, over ? TransactionStatus.IDLE : TransactionStatus.FAILED);
    }
}
