package org.pgdrover.simulation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.simulation.SessionState.Notification;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.WireBytes;

/// One session of the model PostgreSQL, message by message: what comes in waits until it is told to go a
/// step.
final class ModelSession {
    /// What the auditor wants to know of sessions that serve the proxy.
    interface Watch {
        ModelSession.Watch NOBODY = (session, owner, message) -> {};

        /// A client's statement is about to be worked at.
        void working(ModelSession session, int owner, Message message);
    }

    record Prepared(String text, @Nullable Sql sql, String searchPath, boolean byStatement, int owner) {}

    /// @param sql what it runs; null for an empty statement
    static final class Portal {
        final @Nullable Sql sql;
        final List<@Nullable String> parameters;
        final boolean cursor;
        boolean hold;
        boolean committed;
        int owner;

        @Nullable
        Outcome outcome;

        int position;

        Portal(@Nullable Sql sql, List<@Nullable String> parameters, boolean cursor) {
            this.sql = sql;
            this.parameters = parameters;
            this.cursor = cursor;
        }
    }

    final ModelNode node;
    final int process;
    final SessionState state = new SessionState();
    final ModelTransaction transaction;
    final Map<String, Prepared> prepared = new HashMap<>();
    /// Whether a changed search_path has made it analyse a statement once more, by the settings of that moment.
    boolean analysedAgain;
    final Map<String, Portal> portals = new HashMap<>();
    final Map<Long, Integer> locks = new HashMap<>();
    final Map<Long, Integer> lockDepth = new HashMap<>();
    long lastval;
    /// How often EXECUTE was run.
    int executes;
    int owner;
    boolean several;

    private final Consumer<Answer> out;
    private final Watch watch;
    private final Execution execution;
    private final Deque<Message> queue = new ArrayDeque<>();
    private final Deque<Notification> notifications = new ArrayDeque<>();
    private final Map<String, String> reported = new HashMap<>();
    private @Nullable Deque<Sql> script;
    private @Nullable List<String> copied;
    private boolean copyExtended;
    private boolean discarding;
    private boolean queryFailed;
    private boolean ended;
    private Map<String, String> listening = Map.of();

    ModelSession(ModelNode node, Map<String, String> startup, Consumer<Answer> out, Watch watch) {
        this.node = node;
        this.process = node.newProcess();
        this.out = out;
        this.watch = watch;
        this.transaction = new ModelTransaction(node, state);
        this.execution = new Execution(this);
        startup.forEach((name, value) -> {
            if (!name.equals("user") && !name.equals("database")) state.startup.put(name.toLowerCase(), value);
        });
        node.sessions().add(this);
    }

    /// The answers to a startup message.
    void welcome(byte[] secret) {
        emit('R', 0);
        for (var constant : List.of(
                "client_encoding=UTF8",
                "server_version=18.6",
                "standard_conforming_strings=on",
                "integer_datetimes=on",
                "server_encoding=UTF8")) {
            int at = constant.indexOf('=');
            emit('S', constant.substring(0, at), constant.substring(at + 1));
        }
        for (var name : SessionState.REPORTED) {
            reported.put(name, state.value(name));
            emit('S', SessionState.spelling(name), state.value(name));
        }
        emit('K', process, secret);
        emit('Z', 'I');
    }

    // Working

    void receive(Message message) {
        queue.add(message);
    }

    boolean hasWork() {
        return !ended && (script != null && copied == null || !queue.isEmpty());
    }

    boolean hasEnded() {
        return ended;
    }

    /// Whether the last Query has failed.
    boolean hasFailedQuery() {
        return queryFailed;
    }

    /// Whether it takes nothing before Sync.
    boolean isDiscarding() {
        return discarding;
    }

    boolean isIdle() {
        return !hasWork() && copied == null;
    }

    /// How long the next step takes by itself, in nanoseconds; -1 while it waits for somebody's lock.
    long duration() {
        var next = nextStatement();
        if (next == null) return 0;
        if (execution.waitsForLock(next)) return -1;
        return Execution.sleeps(next);
    }

    /// Whether a cancel meets the next step: one that runs a statement, or analyzes one.
    boolean mayBeInterrupted() {
        if (nextStatement() != null) return true;
        var message = queue.peek();
        return message != null && message.type() == 'P' && !discarding && script == null && copied == null;
    }

    /// Whether the next step is a BEGIN of the extended protocol, with which a transaction begins.
    boolean isAboutToBegin() {
        return script == null && nextStatement() instanceof Sql.Begin && !transaction.isExplicit();
    }

    /// Whether a message is sure to be answered, and may be refused instead.
    boolean answers(Message message) {
        return !ended && !discarding && copied == null && "QPBDEC".indexOf(message.type()) >= 0;
    }

    private @Nullable Sql nextStatement() {
        if (copied != null) return null;
        if (script != null) return script.peek();
        var message = queue.peek();
        if (message == null || discarding) return null;
        if (message.type() == 'E' && portals.get(message.text(0)) instanceof Portal portal) return portal.sql;
        return null;
    }

    /// The next message, or the next statement of a string.
    void step() {
        if (copied != null) copy(queue.remove());
        else if (script != null) statement();
        else message(queue.remove());
    }

    /// The step that is due fails instead, for a client has cancelled it, or a standby's conflict with
    /// recovery has.
    void stepFails(SqlError error) {
        if (script == null && copied == null) queue.remove();
        fail(error);
    }

    /// A message fails, whatever it says; a Query ends what was unnamed all the same.
    void refuse(Message message, SqlError error) {
        if (message.type() == 'Q') {
            portals.remove("");
            prepared.remove("");
            script = new ArrayDeque<>();
        }
        fail(error);
    }

    /// What was answered last failed instead: the session bears the consequences, without the error
    /// itself.
    void fails() {
        transaction.fail();
        if (!transaction.isExplicit()) dropPortals();
        ready();
    }

    /// The session ends with an error, whatever it does.
    void terminate() {
        if (ended) return;
        error(SqlError.fatal("57P01", "terminating connection due to administrator command"));
        end();
    }

    void end() {
        if (ended) return;
        ended = true;
        if (transaction.isExplicit() || transaction.isImplicit()) transaction.rollback();
        for (var lock : locks.keySet()) node.locks().remove(lock);
        node.sessions().remove(this);
    }

    private void message(Message message) {
        if (discarding && message.type() != 'S' && message.type() != 'X') return;
        int whose = Tags.owner(message);
        if (whose != 0) {
            owner = whose;
            watch.working(this, whose, message);
        }
        try {
            switch (message.type()) {
                case 'Q' -> query(message.text(0));
                case 'P' -> parse(message);
                case 'B' -> bind(message);
                case 'D' -> describe(message);
                case 'E' -> execute(message);
                case 'C' -> close(message);
                case 'S' -> sync();
                case 'H', 'c', 'd', 'f' -> {}
                case 'X' -> end();
                default -> throw SqlError.unknown("message " + message.type());
            }
        } catch (SqlError error) {
            fail(error);
        }
    }

    private void fail(SqlError error) {
        error(error);
        copied = null;
        if (error.isFatal()) {
            end();
            return;
        }
        transaction.fail();
        if (!transaction.isExplicit()) dropPortals();
        if (script == null) {
            discarding = true;
            return;
        }
        script = null;
        queryFailed = true;
        ready();
    }

    private void error(SqlError error) {
        emit(
                'E',
                'S',
                error.severity(),
                'V',
                error.severity(),
                'C',
                error.state(),
                'M',
                String.valueOf(error.getMessage()),
                'R',
                error.routine(),
                '\0');
    }

    void notice(String severity, String state, String message) {
        emit('N', 'S', severity, 'V', severity, 'C', state, 'M', message, '\0');
    }

    /// Whether it holds what may tie it to its server.
    boolean holdsState() {
        return !state.values.isEmpty()
                || !locks.isEmpty()
                || !state.temporaries.isEmpty()
                || prepared.values().stream().anyMatch(Prepared::byStatement)
                || portals.values().stream().anyMatch(portal -> portal.cursor);
    }

    @Nullable
    String read(@Nullable String key) {
        if (state.writes.containsKey(key)) return state.writes.get(key);
        return node.data().read(String.valueOf(key), node.position());
    }

    // Simple query

    private void query(String text) {
        portals.remove("");
        script = new ArrayDeque<>();
        prepared.remove("");
        queryFailed = false;
        transaction.start();
        var all = SqlParser.parse(text);
        if (all.isEmpty()) {
            emit('I');
            finishQuery();
            return;
        }
        script.addAll(all);
        several = all.size() > 1;
    }

    private void statement() {
        var statements = java.util.Objects.requireNonNull(script);
        var next = statements.poll();
        if (next == null) {
            finishQuery();
            return;
        }
        try {
            execution.checkAborted(next);
            execution.analyze(next);
            transaction.start();
            execution.plan(next);
            boolean describedFirst = next instanceof Sql.Select;
            if (describedFirst) description(execution.fields(next));
            var outcome = execution.run(Execution.fold(next, state), List.of());
            if (next instanceof Sql.CopyIn) {
                beginCopy(false);
                return;
            }
            answer(outcome, !describedFirst);
            if (ended) return;
            if (statements.isEmpty()) finishQuery();
        } catch (SqlError error) {
            fail(error);
        }
    }

    private void answer(Outcome outcome, boolean describe) {
        if (outcome.tag().startsWith("COPY ")) {
            copyOut(outcome);
            return;
        }
        if (outcome.fields() != null) {
            if (describe) description(outcome.fields());
            for (int i = 0; i < outcome.rows(); i++) row(outcome, i);
        }
        emitMasked(outcome.mask(), 'C', outcome.tag());
    }

    private void finishQuery() {
        boolean string = several;
        script = null;
        several = false;
        if (transaction.isImplicit() && (string || !transaction.isPipelined())) commit();
        ready();
    }

    /// What a transaction's end brings.
    void commit() {
        var notifies = state.notifies;
        state.notifies = List.of();
        transaction.commit();
        listening = state.listens;
        dropPortals();
        for (var notification : notifies)
            for (var session : List.copyOf(node.sessions()))
                if (session.listening.containsKey(notification.channel())) session.hear(notification);
    }

    void rollback() {
        transaction.rollback();
        dropPortals();
    }

    private void dropPortals() {
        portals.values().removeIf(portal -> !portal.hold || !portal.committed && !transactionCommitted(portal));
    }

    private boolean transactionCommitted(Portal portal) {
        portal.committed = true;
        return true;
    }

    private void hear(Notification notification) {
        notifications.add(notification);
        // What it has sent itself it hears when it is ready for the next query.
        if (notification.process() == process) return;
        if (isIdle() && transaction.status() == 'I' && !transaction.isImplicit() && !discarding) deliverNotifications();
    }

    private void deliverNotifications() {
        while (notifications.poll() instanceof Notification heard)
            emitMasked("*", 'A', heard.process(), heard.channel(), heard.payload());
    }

    private void ready() {
        several = false;
        if (transaction.status() == 'I') deliverNotifications();
        for (var name : SessionState.REPORTED) {
            var value = state.value(name);
            if (value.equals(reported.put(name, value))) continue;
            emit('S', SessionState.spelling(name), value);
        }
        emit('Z', transaction.status());
    }

    // Extended query

    private void parse(Message message) {
        var name = message.text(0);
        var text = message.text(name.getBytes(StandardCharsets.UTF_8).length + 1);
        if (name.isEmpty()) prepared.remove("");
        var sql = SqlParser.single(text);
        execution.checkAborted(sql);
        if (sql != null) execution.analyze(sql);
        transaction.start();
        if (!name.isEmpty() && prepared.containsKey(name))
            throw SqlError.of("42P05", "prepared statement \"" + name + "\" already exists");
        prepared.put(name, execution.prepare(text, sql, false));
        emit('1');
    }

    Prepared find(String name) {
        var found = prepared.get(name);
        if (found != null) return execution.revalidate(name, found);
        throw SqlError.of(
                "26000",
                name.isEmpty()
                        ? "unnamed prepared statement does not exist"
                        : "prepared statement \"" + name + "\" does not exist");
    }

    private void bind(Message message) {
        var reader = new BodyReader(message.body());
        var name = reader.string();
        var statementName = reader.string();
        var statement = find(statementName);
        reader.skip(2 * reader.number16());
        var parameters = new ArrayList<@Nullable String>();
        for (int left = reader.number16(); left > 0; left--) parameters.add(reader.value());
        int expected = Execution.parameters(statement.sql());
        if (parameters.size() != expected)
            throw SqlError.of(
                    "08P01",
                    "bind message supplies " + parameters.size() + " parameters, but prepared statement \""
                            + statementName + "\" requires " + expected);
        execution.checkAborted(statement.sql());
        transaction.start();
        if (!name.isEmpty() && portals.containsKey(name))
            throw SqlError.of("42P03", "cursor \"" + name + "\" already exists");
        // A table that is gone has it analysed again.
        if (statement.sql() instanceof Sql.Select || statement.sql() instanceof Sql.Insert)
            execution.analyze(statement.sql());
        execution.plan(statement.sql());
        portals.put(name, new Portal(statement.sql(), parameters, false));
        emit('2');
    }

    private Portal portal(String name) {
        var found = portals.get(name);
        if (found == null) throw SqlError.of("34000", "portal \"" + name + "\" does not exist");
        return found;
    }

    private void describe(Message message) {
        var name = message.text(1);
        if (message.body()[0] == 'S') {
            var statement = find(name);
            transaction.start();
            if (transaction.hasFailed() && execution.fields(statement.sql()) != null) throw Execution.aborted();
            int count = Execution.parameters(statement.sql());
            var bytes = new Object[count + 1];
            bytes[0] = (short) count;
            for (int i = 1; i <= count; i++) bytes[i] = 25;
            emit('t', bytes);
            description(execution.fields(statement.sql()));
            return;
        }
        var portal = portal(name);
        transaction.start();
        if (transaction.hasFailed() && execution.fields(portal.sql) != null) throw Execution.aborted();
        description(execution.fields(portal.sql));
    }

    private void execute(Message message) {
        var name = message.text(0);
        int most = new BodyReader(message.body())
                .skip(name.getBytes(StandardCharsets.UTF_8).length + 1)
                .number32();
        var portal = portal(name);
        var sql = portal.sql;
        if (sql == null) {
            emit('I');
            return;
        }
        execution.checkAborted(sql);
        transaction.start();
        if (portal.outcome == null) {
            portal.outcome = execution.run(sql, portal.parameters);
            transaction.executed();
            if (ended) return;
            if (sql instanceof Sql.CopyIn) {
                beginCopy(true);
                return;
            }
        } else if (portal.outcome.fields() == null) throw SqlError.of("55000", "portal \"" + name + "\" cannot be run");
        var outcome = portal.outcome;
        if (outcome.tag().startsWith("COPY ")) {
            copyOut(outcome);
            return;
        }
        if (outcome.fields() == null) {
            emitMasked(outcome.mask(), 'C', outcome.tag());
            return;
        }
        int from = portal.position;
        int to = most > 0 ? Math.min(outcome.rows(), from + most) : outcome.rows();
        for (; portal.position < to; portal.position++) row(outcome, portal.position);
        if (most > 0 && portal.position - from == most) emit('s');
        else emitMasked(outcome.mask(), 'C', from == 0 ? outcome.tag() : "SELECT " + (to - from));
    }

    private void close(Message message) {
        var name = message.text(1);
        if (message.body()[0] == 'S') prepared.remove(name);
        else portals.remove(name);
        emit('3');
    }

    private void sync() {
        discarding = false;
        if (transaction.isImplicit()) commit();
        ready();
    }

    private void description(@Nullable List<Outcome.Field> fields) {
        if (fields == null) {
            emit('n');
            return;
        }
        var all = new ArrayList<Object>();
        all.add((short) fields.size());
        for (var field : fields) {
            all.add(field.name());
            all.add(field.attribute() == 0 ? 0 : 16_384);
            all.add((short) field.attribute());
            all.add(field.type());
            all.add((short) field.length());
            all.add(-1);
            all.add((short) 0);
        }
        emit('T', all.toArray());
    }

    private void row(Outcome outcome, int number) {
        var values = outcome.row().apply(number);
        var all = new ArrayList<Object>();
        all.add((short) values.size());
        for (var value : values) {
            if (value == null) {
                all.add(-1);
                continue;
            }
            var bytes = value.getBytes(StandardCharsets.UTF_8);
            all.add(bytes.length);
            all.add(bytes);
        }
        emitMasked(outcome.mask(), 'D', all.toArray());
    }

    // COPY

    private void beginCopy(boolean extended) {
        copied = new ArrayList<>();
        copyExtended = extended;
        emit('G', '\0', (short) 2, (short) 0, (short) 0);
    }

    private void copy(Message message) {
        var lines = java.util.Objects.requireNonNull(copied);
        switch (message.type()) {
            case 'd' -> lines.add(new String(message.body(), StandardCharsets.UTF_8));
            case 'c' -> {
                copied = null;
                try {
                    var outcome = execution.copy(String.join("", lines));
                    emit('C', outcome.tag());
                    if (!copyExtended && script != null && script.isEmpty()) finishQuery();
                } catch (SqlError error) {
                    fail(error);
                }
            }
            case 'f' -> {
                copied = null;
                fail(SqlError.ofWaiting("57014", "COPY from stdin failed: " + message.text(0)));
            }
            case 'H', 'S' -> {}
            case 'X' -> end();
            default -> {
                copied = null;
                fail(SqlError.ofWaiting(
                        "08P01",
                        "unexpected message type 0x"
                                + Integer.toHexString(message.type()).toUpperCase() + " during COPY from stdin"));
                // PostgreSQL has not read the message's body, and gives up.
                error(SqlError.fatal("08P01", "terminating connection because protocol synchronization was lost"));
                end();
            }
        }
    }

    private void copyOut(Outcome outcome) {
        emit('H', '\0', (short) 1, (short) 0);
        for (int i = 0; i < outcome.rows(); i++) {
            var line = outcome.row().apply(i).getFirst() + "\n";
            emit('d', (Object) line.getBytes(StandardCharsets.UTF_8));
        }
        emit('c');
        emit('C', outcome.tag());
    }

    // Answers

    private void emit(char type, Object... fields) {
        emitMasked(null, type, fields);
    }

    private void emitMasked(@Nullable String mask, char type, Object... fields) {
        var bytes = new WireBytes().message(type, fields).bytes();
        out.accept(new Answer(type, java.util.Arrays.copyOfRange(bytes, 5, bytes.length), mask));
    }
}
