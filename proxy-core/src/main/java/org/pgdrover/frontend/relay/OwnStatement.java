package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.session.SharedStatements;
import org.pgdrover.protocol.codec.FrontendMessages;

/// Writes a statement of the proxy's own among a client's messages; of its answer the client sees
/// nothing.
///
/// What the client has unnamed is left alone.
record OwnStatement(ServerLease lease) {
    /// The name of the statement, and of its portal.
    static final byte[] NAME = (SharedStatements.PREFIX + "own").getBytes(StandardCharsets.US_ASCII);

    /// Prepares it; one that was left by a batch that failed goes.
    void prepare(byte[] sql) {
        close();
        server().session().statements().add(NAME, NAME, NAME);
        expect(RequestKind.PARSE);
        var out = server().newBuffer(16 + NAME.length + sql.length);
        FrontendMessages.parse(out, NAME, Arrays.copyOf(sql, sql.length + 3));
        server().write(out);
    }

    /// Closes it; its portals go on. If the batch fails before that, it stays on the server.
    void close() {
        var there = server().session().statements().close(NAME);
        server().expect(
                        RequestKind.CLOSE,
                        AnswerFate.SKIP,
                        lease,
                        there == null ? Note.NONE : new RelayNote.MakesRoom(there));
        var out = server().newBuffer(8 + NAME.length);
        FrontendMessages.closeStatement(out, NAME);
        server().write(out);
    }

    /// Runs it within the batch that follows.
    void run(byte[] sql) {
        run(sql, Note.NONE);
    }

    /// Runs it within a batch.
    ///
    /// @param note what its completion tells
    void run(byte[] sql, Note note) {
        prepare(sql);
        expect(RequestKind.BIND);
        server().expect(RequestKind.EXECUTE, AnswerFate.SKIP, lease, note);
        expect(RequestKind.CLOSE);
        var out = server().newBuffer(96);
        FrontendMessages.bindPlainly(out, NAME, NAME);
        FrontendMessages.execute(out, NAME);
        FrontendMessages.closePortal(out, NAME);
        server().write(out);
        close();
    }

    /// Runs it before a Query, which could not follow in the same batch.
    void runAlone(byte[] sql) {
        new Exchange(server(), _ -> {})
                .query(new String(sql, StandardCharsets.US_ASCII))
                .send();
    }

    private void expect(RequestKind kind) {
        server().expect(kind, AnswerFate.SKIP, lease, Note.NONE);
    }

    private ServerConnection server() {
        return lease.server();
    }
}
