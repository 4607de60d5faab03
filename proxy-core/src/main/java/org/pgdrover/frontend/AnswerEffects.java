package org.pgdrover.frontend;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Action;
import org.pgdrover.backend.Expected;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;

/** Notes what the answers to a client's messages mean for its prepared statements and its batches. */
final class AnswerEffects {
    /** Errors of a Bind after which its prepared statement is of no use: "cached plan must not change result type", and that it is not there. */
    private static final Set<String> SPOILING_ERRORS =
            Set.of(SqlState.FEATURE_NOT_SUPPORTED, SqlState.INVALID_SQL_STATEMENT_NAME);

    private final ClientConnection client;
    private final ClientStatements statements;
    private final OutstandingBatches batches;
    private final BatchJournal journal;

    AnswerEffects(
            ClientConnection client, ClientStatements statements, OutstandingBatches batches, BatchJournal journal) {
        this.client = client;
        this.statements = statements;
        this.batches = batches;
        this.journal = journal;
    }

    /** A message has been answered well. */
    void answered(Expected expected, @Nullable Object note) {
        if (expected == Expected.PARSE && note instanceof ClientStatement statement && statement.shared() != null)
            statement.shared().accept();
        if (expected == Expected.EXECUTE
                && note instanceof QueryClass ran
                && ran.session() != SessionEffect.NONE
                && batches.answering() instanceof Batch batch) journal.succeeded(batch, ran);
    }

    /** A message will not be answered: it stood behind one that failed, or the server ignored it. */
    void discarded(ServerConnection server, Expected expected, Action action, @Nullable Object note) {
        switch (expected) {
            case PARSE -> {
                if (note instanceof ClientStatement statement) forget(statement, server, action);
            }
            case CLOSE -> {
                if (note instanceof ClientStatement statement
                        && !statement.isUnnamed()
                        && statements.find(statement.name()) == null) statements.add(statement);
            }
            case SYNC -> {
                if (note instanceof Batch batch) batches.goesOn(batch);
            }
            case QUERY, FUNCTION_CALL -> {
                if (note instanceof Batch batch && batches.end(batch)) journal.recycle(batch);
            }
            case BIND, DESCRIBE, EXECUTE, COPY_END -> {}
        }
    }

    /** A Parse was not carried out: the statement is not there, neither for the client nor on this server. */
    private void forget(ClientStatement statement, ServerConnection server, Action action) {
        if (action != Action.SKIP) statements.remove(statement);
        if (action == Action.FAKE) return;
        if (server.unnamedStatement() == statement) server.unnamedStatement(null);
        server.statements().remove(statement);
        if (statement.shared() != null) server.statements().remove(statement.shared());
    }

    /**
     * A message has failed.
     *
     * @return whether the client is to see the server's error; if not, it has got another
     */
    boolean failed(ServerConnection server, ErrorFields error) {
        var batch = batches.answering();
        var note = server.ledger().headNote();
        var told = note instanceof MessageSender.ErrorInstead(var instead) ? instead : error;
        if (batch != null) batch.sqlState = told.sqlState();
        if (told != error) {
            var out = client.newBuffer(128);
            BackendMessages.error(out, told);
            client.write(out);
            return false;
        }
        if (SPOILING_ERRORS.contains(error.sqlState())
                && note instanceof ClientStatement statement
                && statement.shared() != null) server.statements().spoil(statement.shared());
        return true;
    }

    /** A batch will not be carried out: what it would have prepared is not there. */
    void notCarriedOut(Batch batch, ErrorFields error) {
        batch.sqlState = error.sqlState();
        for (int i = 0; i < batch.messages(); i++) {
            var message = batch.message(i);
            if (message.type == MessageType.PARSE && message.statement != null && !message.duplicate)
                statements.remove(message.statement);
        }
        journal.ended(batch);
    }
}
