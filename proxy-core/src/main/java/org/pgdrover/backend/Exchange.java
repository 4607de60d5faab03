package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;

/// Requests of the proxy's own to a server, whose answers no client sees.
///
/// They may stand behind what the server owes already. A server that does not answer them in time is
/// closed; then, as whenever the connection is lost, `done` is not called: the lessee hears of it.
public final class Exchange implements AnswerOwner {
    private static final byte[] NO_NAME = {};
    private static final byte[] COMMAND = "pgdrover_command".getBytes(StandardCharsets.US_ASCII);
    private static final long TIMEOUT_SECONDS = 30;
    /// Most bytes of rows that are kept.
    private static final int MOST = 4 << 20;

    /// What the server said of a statement that the exchange has prepared.
    public static final class Prepared implements Note {
        private byte[] parameters = {};
        private byte @Nullable [] columns;
        private @Nullable ErrorFields error;
        private boolean discarded;

        /// Body of the ParameterDescription.
        public byte[] parameters() {
            return parameters;
        }

        /// Body of the RowDescription; null if the statement gives no rows.
        public byte @Nullable [] columns() {
            return columns;
        }

        /// Why the statement is not there; null if it is.
        public @Nullable ErrorFields error() {
            return error;
        }

        /// Whether the server has discarded it behind an error of something else, so that nothing is
        /// known.
        public boolean isDiscarded() {
            return discarded && error == null;
        }
    }

    /// A statement that the exchange closes.
    private record Closed(ServerStatements.Prepared statement) implements Note {}

    private final ServerConnection server;
    private final Consumer<Exchange> done;
    private final List<@Nullable String[]> rows = new ArrayList<>();
    private final List<Prepared> prepared = new ArrayList<>();
    private @Nullable ByteBuf collected;
    private @Nullable ErrorFields error;
    private int owed;
    private boolean notClosed;
    private boolean sent;
    private @Nullable Future<?> timeout;

    /// @param done called once, when everything was answered, on the connection's event loop
    public Exchange(ServerConnection server, Consumer<Exchange> done) {
        this.server = server;
        this.done = done;
    }

    // What is asked

    /// A simple query; each char of the text is one byte of it.
    public Exchange query(String sql) {
        var out = server.newBuffer(sql.length() + 16);
        FrontendMessages.query(out, sql.getBytes(StandardCharsets.ISO_8859_1));
        server.session().unnamedStatement(null);
        return ask(RequestKind.QUERY, out, Note.NONE);
    }

    /// A statement run by the extended protocol, as the unnamed one and its portal; each char of the
    /// text is one byte.
    public Exchange run(String sql) {
        server.session().unnamedStatement(null);
        return run(NO_NAME, sql).sync();
    }

    /// A command within a transaction that leaves alone what the client has unnamed there, as a Query
    /// would not; each char of the text is one byte.
    public Exchange command(String sql) {
        // One that failed in an open batch has left its statement there.
        closeCommand();
        return run(COMMAND, sql).sync().closePortal().closeCommand().sync();
    }

    /// The same within a batch, which a Sync would end.
    public Exchange openCommand(String sql) {
        closeCommand();
        return run(COMMAND, sql).closePortal().closeCommand();
    }

    private Exchange closePortal() {
        var portal = server.newBuffer(8 + COMMAND.length);
        FrontendMessages.closePortal(portal, COMMAND);
        return ask(RequestKind.CLOSE, portal, Note.NONE);
    }

    private Exchange closeCommand() {
        var statement = server.newBuffer(8 + COMMAND.length);
        FrontendMessages.closeStatement(statement, COMMAND);
        return ask(RequestKind.CLOSE, statement, Note.NONE);
    }

    private Exchange run(byte[] name, String sql) {
        var parse = server.newBuffer(sql.length() + 16 + name.length);
        FrontendMessages.parse(parse, name, (sql + "\0\0\0").getBytes(StandardCharsets.ISO_8859_1));
        ask(RequestKind.PARSE, parse, Note.NONE);
        var bind = server.newBuffer(16 + 2 * name.length);
        FrontendMessages.bindPlainly(bind, name, name);
        ask(RequestKind.BIND, bind, Note.NONE);
        var execute = server.newBuffer(16 + name.length);
        FrontendMessages.execute(execute, name);
        return ask(RequestKind.EXECUTE, execute, Note.NONE);
    }

    /// Ends the session if the server takes copied data, and does nothing if it does not any more.
    ///
    /// @param type of a message for which the server looks neither at the length nor further then
    public void breakCopy(byte type) {
        var kind = RequestKind.of(type);
        boolean ended = server.ledger().headKind() == RequestKind.QUERY
                || server.ledger().isSyncInDoubt();
        var out = server.newBuffer(8);
        out.writeByte(type).writeInt(Integer.BYTES);
        ask(kind, out, Note.NONE);
        // Behind a batch that has failed it is discarded, and the client's own Sync is still to come.
        if (ended && !kind.endsWithReady()) sync();
        send();
    }

    /// Closes a statement that was taken out of those of the server.
    public Exchange close(ServerStatements.Prepared statement) {
        var out = server.newBuffer(8 + statement.name().length);
        FrontendMessages.closeStatement(out, statement.name());
        return ask(RequestKind.CLOSE, out, new Closed(statement));
    }

    /// Parses a statement.
    ///
    /// @param definition the rest of a Parse after the name
    /// @param described whether the server is asked for its shape, too
    public Exchange prepare(byte[] statement, byte[] definition, boolean described) {
        var note = new Prepared();
        prepared.add(note);
        var out = server.newBuffer(24 + 2 * statement.length + definition.length);
        FrontendMessages.parse(out, statement, definition);
        ask(RequestKind.PARSE, out, note);
        if (!described) return this;
        var describe = server.newBuffer(8 + statement.length);
        FrontendMessages.describeStatement(describe, statement);
        return ask(RequestKind.DESCRIBE, describe, note);
    }

    private Exchange ask(RequestKind kind, ByteBuf bytes, Note note) {
        owed++;
        server.expect(kind, AnswerFate.FORWARD, this, note);
        server.write(bytes);
        return this;
    }

    /// What follows is carried out although what stands before fails.
    public Exchange sync() {
        var out = server.newBuffer(8);
        FrontendMessages.sync(out);
        return ask(RequestKind.SYNC, out, Note.NONE);
    }

    /// Sends what was asked, and Flush behind it: a batch that is open stays open.
    public void sendOpen() {
        var out = server.newBuffer(8);
        FrontendMessages.flush(out);
        server.write(out);
        send();
    }

    /// Sends what was asked.
    public void send() {
        server.flush();
        sent = true;
        startTimeout();
        endIfAnswered();
    }

    /// A statement that is prepared may wait for a lock as long as the client's own would.
    private void startTimeout() {
        if (prepared.isEmpty()) timeout = server.eventLoop().schedule(this::tooLong, TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    /// A client that does not read what stands before holds the answer up, and the server is not to
    /// blame.
    private void tooLong() {
        if (server.isRead() && server.ledger().headOwner() == this) server.close(CloseReason.PROBE_FAILED);
        else startTimeout();
    }

    // What was answered

    /// The first error; null if all went well.
    public @Nullable ErrorFields error() {
        return error;
    }

    /// The rows of all answers, as text.
    public List<@Nullable String[]> rows() {
        return rows;
    }

    /// What was prepared, in the order of asking.
    public List<Prepared> prepared() {
        return prepared;
    }

    /// Whether the server was to close a statement, and has discarded that behind an error of something
    /// else.
    public boolean hasNotClosed() {
        return notClosed;
    }

    @Override
    public void onBytes(ByteBuf bytes, boolean begun) {
        if (!sent) {
            // The end of the last answer comes behind the word that it is answered.
            bytes.release();
            return;
        }
        var all = collected;
        if (all == null) collected = all = server.newBuffer(256);
        if (all.readableBytes() + bytes.readableBytes() <= MOST) all.writeBytes(bytes);
        else if (error == null) error = ErrorFields.error(SqlState.PROGRAM_LIMIT_EXCEEDED, "the answer is too large");
        bytes.release();
    }

    @Override
    public void onDescribed(Note note, byte type, ByteBuf frame, int start, int end) {
        if (!(note instanceof Prepared statement)) return;
        var body = ByteBufUtil.getBytes(frame, start + 5, end - start - 5);
        if (type == MessageType.PARAMETER_DESCRIPTION) statement.parameters = body;
        else if (type == MessageType.ROW_DESCRIPTION) statement.columns = body;
    }

    @Override
    public boolean onError(Note note, ErrorFields failure) {
        var told = note instanceof Prepared ? failure.ofItsUse() : failure;
        if (error == null) error = told;
        if (note instanceof Prepared statement) statement.error = told;
        return false;
    }

    @Override
    public boolean onNotice(Note note, ByteBuf frame, int start, int end) {
        return false;
    }

    @Override
    public boolean onParameterStatus(String name, String value) {
        return false;
    }

    @Override
    public boolean wantsReady(Note note) {
        return false;
    }

    @Override
    public void onAnswered(RequestKind kind, byte type, Note note) {
        if (note instanceof Closed(var statement)) server.session().statements().closed(statement);
        answered();
    }

    @Override
    public void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {
        if (note instanceof Prepared statement) {
            statement.discarded = true;
        } else if (note instanceof Closed(var statement)) {
            notClosed = true;
            server.session().statements().closeDiscarded(statement);
        }
        answered();
    }

    @Override
    public void onReady(TransactionStatus status, Note note) {
        answered();
    }

    private void answered() {
        owed--;
        endIfAnswered();
    }

    private void endIfAnswered() {
        if (owed > 0 || !sent) return;
        sent = false;
        if (timeout != null) timeout.cancel(false);
        server.session().unnamedAnswered();
        readRows();
        done.accept(this);
    }

    private void readRows() {
        var all = collected;
        if (all == null) return;
        collected = null;
        try {
            while (error == null && all.readableBytes() >= 5) {
                byte type = all.readByte();
                var body = all.readSlice(all.readInt() - 4);
                if (type == MessageType.DATA_ROW) rows.add(row(body));
            }
        } finally {
            all.release();
        }
    }

    private static @Nullable String[] row(ByteBuf body) {
        var columns = new @Nullable String[body.readUnsignedShort()];
        for (int i = 0; i < columns.length; i++) {
            int length = body.readInt();
            if (length >= 0)
                columns[i] = body.readCharSequence(length, StandardCharsets.ISO_8859_1)
                        .toString();
        }
        return columns;
    }

    /// The connection is lost.
    void forget() {
        if (timeout != null) timeout.cancel(false);
        if (collected != null) collected.release();
        collected = null;
    }
}
