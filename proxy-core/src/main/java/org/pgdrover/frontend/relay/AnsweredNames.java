package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Objects;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.ClientStatements;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.protocol.codec.MessageType;

/// Makes of answers what a client's names of prepared statements mean, and what its server has.
final class AnsweredNames {
    private static final byte[] NOTHING = {};

    private final ClientSession session;
    private final ClientStatements statements;
    private byte[] describedParameters = NOTHING;

    AnsweredNames(ClientSession session) {
        this.session = session;
        this.statements = session.statements();
    }

    /// A statement has been described.
    void described(ClientStatement statement, byte type, ByteBuf frame, int start, int end) {
        var body = ByteBufUtil.getBytes(frame, start + 5, end - start - 5);
        switch (type) {
            case MessageType.PARAMETER_DESCRIPTION -> describedParameters = body;
            case MessageType.ROW_DESCRIPTION -> statement.shape(new StatementShape(describedParameters, body));
            case MessageType.NO_DATA -> statement.shape(new StatementShape(describedParameters, null));
            default -> {}
        }
    }

    /// A Parse has been answered.
    void parsed(MessagePlan plan, ServerLease lease) {
        settle(plan);
        if (plan.duplicate) {
            if (plan.ifFree != null) wasFree(plan, plan.ifFree, lease);
        } else if (plan.statement != null) {
            if (plan.statement.isUnnamed()) plan.ended = statements.unnamed();
            plan.statement.answered();
            session.parsed(plan.statement);
            statements.add(plan.statement);
            if (plan.statement.isUnnamed()) lease.server().session().unnamedAnswered(plan.statement);
        }
    }

    /// A statement has taken the name of another one, which a function had deallocated there.
    private void wasFree(MessagePlan plan, ClientStatement made, ServerLease lease) {
        var server = lease.server();
        var old = Objects.requireNonNull(plan.statement);
        var there = server.session().statements().remove(PreparedAgain.key(old, lease.hasOwnNames()));
        if (lease.hasOwnNames()) server.session().statements().add(made, made.name(), made);
        else if (there != null) server.session().statements().add(there.key(), there.name(), made);
        server.session().notClean("a statement under the name of another");
        made.answered();
        statements.add(made);
    }

    /// A Close has been answered.
    void closed(MessagePlan plan, ServerConnection server) {
        settle(plan);
        if (plan.statement == null) return;
        statements.remove(plan.statement);
        // One that has taken a free name was not known to be there when Close was sent.
        server.session().statements().remove(plan.statement);
        if (plan.statement.isUnnamed()) server.session().unnamedAnswered(null);
    }

    /// A Query has been answered: it has ended the unnamed statement.
    void queried(MessagePlan plan, ServerConnection server) {
        settle(plan);
        statements.unnamed(null);
        server.session().unnamedAnswered(null);
    }

    /// A message has failed: a Parse of the unnamed statement has ended the older one, whatever comes of
    /// it.
    void failed(MessagePlan plan, ServerConnection server) {
        if (!plan.makes || plan.statement == null || !plan.statement.isUnnamed()) return;
        plan.ended = statements.unnamed();
        statements.unnamed(null);
        server.session().unnamedStatement(null);
        server.session().unnamedAnswered(null);
    }

    // What is not carried out

    /// The server has discarded a Parse.
    void parseDiscarded(MessagePlan plan, ServerConnection server) {
        settle(plan);
        if (plan.statement != null && plan.errorInstead == null) forget(plan.statement, server);
    }

    /// The statement of a Parse that was not carried out is not on the server.
    private static void forget(ClientStatement statement, ServerConnection server) {
        if (statement.isUnnamed()) server.session().unnamedDiscarded(statement);
        server.session().statements().parseDiscarded(statement, statement);
        var shared = statement.shared();
        if (shared != null) server.session().statements().parseDiscarded(shared, statement);
    }

    /// The server has discarded a Close.
    void closeDiscarded(MessagePlan plan, AnswerFate fate, ServerConnection server) {
        settle(plan);
        if (plan.statement == null) return;
        if (plan.statement.isUnnamed()) server.session().unnamedDiscarded(null);
        else if (fate == AnswerFate.FORWARD && !plan.closesNothing)
            server.session().statements().add(plan.statement, plan.statement.name(), plan.statement);
    }

    /// The server has discarded a Query.
    void queryDiscarded(MessagePlan plan, ServerConnection server) {
        settle(plan);
        server.session().unnamedDiscarded(null);
    }

    /// A delivery is to be run again elsewhere: what its answers, which the client has not seen, made of
    /// names is undone, the last first.
    void undo(Delivery delivery) {
        for (var plan : delivery.plans().reversed()) {
            boolean answered = (plan.makes || plan.closes) && !plan.pending && !delivery.begun;
            settle(plan);
            if (answered && plan.statement != null && plan.makes) statements.remove(plan.statement);
            else if (answered && plan.statement != null) statements.add(plan.statement);
            if (plan.ended != null && !delivery.begun) statements.unnamed(plan.ended);
        }
    }

    /// What a message plans is certain now.
    private void settle(MessagePlan plan) {
        plan.pending = false;
        if (!plan.announced) return;
        plan.announced = false;
        statements.settled(plan.statement == null ? NOTHING : plan.statement.name());
    }
}
