package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerStatements;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.ClientStatements;
import org.pgdrover.frontend.session.SharedStatement;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.WireReader;

/// Writes Parse under the name that a server knows or is to know.
final class ParseWriter {
    private static final int HEADER = 5;
    private static final byte[] NO_NAME = {};

    private final PassingBytes bytes;
    private final ClientStatements statements;

    ParseWriter(PassingBytes bytes, ClientStatements statements) {
        this.bytes = bytes;
        this.statements = statements;
    }

    /// Writes a Parse, under the name that the server knows or is to know.
    void parse(ClientMessage message, MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        var statement = Objects.requireNonNull(plan.statement);
        if (plan.duplicate) {
            duplicate(plan, statement, buffer, start, end, lease);
            return;
        }
        announce(plan, statement.name());
        var server = lease.server();
        if (statement.isUnnamed()) {
            server.session().unnamedStatement(statement);
            bytes.pass(RequestKind.PARSE, plan, buffer, start, end, lease);
            return;
        }
        var shared = statement.shared();
        if (lease.hasOwnNames() || shared == null) {
            server.session().statements().add(statement, statement.name(), statement);
            bytes.pass(RequestKind.PARSE, plan, buffer, start, end, lease);
            if (!message.large) describeForUs(plan, statement, statement.name(), lease);
        } else {
            parseShared(plan, statement, shared, lease);
        }
    }

    /// The statement's text is judged by the server each time that a client prepares it: what it means
    /// may have changed.
    private void parseShared(MessagePlan plan, ClientStatement statement, SharedStatement shared, ServerLease lease) {
        var server = lease.server();
        // A Parse that the server is sure to discard leaves the statements there as they are.
        if (!server.ledger().isDiscarding()) {
            makeRoom(shared, lease);
            server.session().statements().add(shared, shared.name(), statement);
        }
        server.expect(RequestKind.PARSE, AnswerFate.FORWARD, lease, plan);
        var definition = Objects.requireNonNull(statement.definition());
        var out = server.newBuffer(6 + shared.name().length + definition.length);
        FrontendMessages.parse(out, shared.name(), definition);
        bytes.write(out, server);
        describeForUs(plan, statement, shared.name(), lease);
    }

    /// Closes what stands in the way of one more statement: an older one of its name, and the least used
    /// if there are too many.
    private void makeRoom(SharedStatement shared, ServerLease lease) {
        var server = lease.server();
        var old = server.session().statements().close(shared);
        if (old != null) close(old, lease);
        var surplus = server.session().statements().closeSurplus();
        if (surplus != null) close(surplus, lease);
    }

    private void close(ServerStatements.Prepared statement, ServerLease lease) {
        var server = lease.server();
        var name = statement.name();
        server.expect(RequestKind.CLOSE, AnswerFate.SKIP, lease, new RelayNote.MakesRoom(statement));
        var out = server.newBuffer(8 + name.length);
        FrontendMessages.closeStatement(out, name);
        bytes.write(out, server);
    }

    private void describeForUs(MessagePlan plan, ClientStatement statement, byte[] name, ServerLease lease) {
        if (!statement.hasOwnShape()) return;
        var server = lease.server();
        server.expect(RequestKind.DESCRIBE, AnswerFate.SKIP, lease, plan);
        var out = server.newBuffer(8 + name.length);
        FrontendMessages.describeStatement(out, name);
        bytes.write(out, server);
    }

    /// The client's statements hear that something of this name was sent.
    void announce(MessagePlan plan, byte[] name) {
        plan.announced = true;
        statements.planned(name);
    }

    /// PostgreSQL judges the text before it refuses a name that is taken: the Parse goes out under a
    /// name that is taken there.
    private void duplicate(
            MessagePlan plan, ClientStatement taken, ByteBuf buffer, int start, int end, ServerLease lease) {
        int nameEnd = WireReader.endOfString(buffer, start + HEADER, end);
        // One of the same batch is there, or this is not carried out.
        boolean there = lease.hasOwnNames() && !taken.isAnswered() || PreparedAgain.isKnown(taken, lease);
        if (!there) take(lease);
        lease.server().expect(RequestKind.PARSE, AnswerFate.FORWARD, lease, plan);
        var name = there ? serverName(taken, lease) : OwnStatement.NAME;
        bytes.named(buffer, start, start + HEADER, nameEnd, end, name, lease.server());
    }

    /// The statement could not be prepared there, and its name is not taken: an empty statement, which
    /// may be prepared in a failed transaction too, takes another one. It stays there behind the error.
    private void take(ServerLease lease) {
        bytes.finish(lease.server());
        new OwnStatement(lease).prepare(NO_NAME);
    }

    /// The name to write instead of the client's, or null if that is right.
    static byte @Nullable [] serverName(@Nullable ClientStatement statement, ServerLease lease) {
        if (statement == null || lease.hasOwnNames() || statement.shared() == null) return null;
        return statement.shared().name();
    }
}
