package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Action;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Expected;
import org.pgdrover.backend.ResponseListener;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.failover.HeldClient;
import org.pgdrover.frontend.RelayState.Attached;
import org.pgdrover.frontend.RelayState.Awaiting;
import org.pgdrover.frontend.RelayState.Closed;
import org.pgdrover.frontend.RelayState.Holding;
import org.pgdrover.frontend.RelayState.Idle;
import org.pgdrover.frontend.RelayState.Lost;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.pool.ServerReset;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingDecision;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;

/**
 * Relays a logged-in client's batches to servers and their answers back: decides for each batch where it goes, leases a server for it, and
 * keeps the client's session alive when that server is lost.
 *
 * <p>Outside a transaction a batch is read whole before it is sent, so that it is judged by all that it runs; in a transaction, and behind
 * other work on the primary, its messages pass as they come. See {@link RelayState} for the states. Confined to the client's event loop.
 */
final class RelayPhase implements Phase, ResponseListener, HeldClient {
    /** Most bytes of one message that are held in memory. */
    private static final int FRAME_LIMIT = 256 * 1024;
    /** A batch that grows beyond this goes to the primary without being read whole. */
    private static final int BATCH_LIMIT = 64 * 1024;
    /** Answers that a client may have outstanding before it is not read any more. */
    private static final int OUTSTANDING_LIMIT = 65_536;

    private static final int RETRY_MILLIS = 25;
    /** Errors of a standby that the primary would not give: it refused because it is one. */
    private static final Set<String> STANDBY_ERRORS = Set.of(
            SqlState.READ_ONLY_SQL_TRANSACTION,
            SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE,
            SqlState.FEATURE_NOT_SUPPORTED,
            SqlState.SERIALIZATION_FAILURE);

    /** Errors of a Bind after which its prepared statement is of no use: "cached plan must not change result type", and that it is not there. */
    private static final Set<String> SPOILING_ERRORS =
            Set.of(SqlState.FEATURE_NOT_SUPPORTED, SqlState.INVALID_SQL_STATEMENT_NAME);

    private final ClientConnection client;
    private final FrontendServices services;
    private final ClientSession session;
    private final CancelKey key;
    private final boolean sessionMode;
    private final MessageDecoder decoder;
    private final MessageInspector inspector;
    private final BatchSender sender = new BatchSender();
    private final BatchJournal journal;

    private RelayState state = RelayState.IDLE;
    /** Being read, not sent yet. */
    private @Nullable Batch building;
    /** Sent in part: its messages pass as they come. */
    private @Nullable Batch passing;
    /** Sent whole, not answered yet. */
    private final ArrayDeque<Batch> inFlight = new ArrayDeque<>();
    /** To be sent, in this order, before anything new. */
    private final ArrayDeque<Batch> queued = new ArrayDeque<>();
    /** Bytes of the client that wait for their turn. */
    private @Nullable ByteBuf backlog;
    /** The connection that the client keeps between transactions: in session mode, or because its session is pinned. */
    private @Nullable ServerConnection home;

    private @Nullable ServerPool homePool;
    private boolean discarding;
    private boolean terminating;
    private boolean wroteInTransaction;

    RelayPhase(
            ClientConnection client,
            FrontendServices services,
            ClientSession session,
            CancelKey key,
            boolean sessionMode,
            @Nullable ServerPool homePool,
            @Nullable ServerConnection home) {
        this.client = client;
        this.services = services;
        this.session = session;
        this.key = key;
        this.sessionMode = sessionMode;
        this.decoder =
                new MessageDecoder(MessageTable.FRONTEND, client.channel().alloc(), FRAME_LIMIT);
        this.inspector = new MessageInspector(
                session,
                services.classification(),
                services.config().routing().primaryPatterns(),
                services.observer() != null);
        this.journal = new BatchJournal(session, services);
        this.homePool = homePool;
        this.home = home;
    }

    @Override
    public void onEnter() {
        if (home != null) home.lease(this);
    }

    EventLoop eventLoop() {
        return client.eventLoop();
    }

    // From the client

    @Override
    public void onRead(ByteBuf in) {
        if (!takesMessages()) {
            keep(in);
            return;
        }
        process(in);
    }

    /** Whether the client's next message can be dealt with now. */
    private boolean takesMessages() {
        if (!queued.isEmpty()) return false;
        return switch (state) {
            case Idle _, Attached _, Lost _ -> true;
            case Awaiting _, Holding _, Closed _ -> false;
        };
    }

    private void keep(ByteBuf in) {
        if (state instanceof Closed) {
            in.release();
            return;
        }
        if (backlog == null) {
            backlog = in;
        } else {
            var joined = client.newBuffer(backlog.readableBytes() + in.readableBytes());
            joined.writeBytes(backlog).writeBytes(in);
            backlog.release();
            in.release();
            backlog = joined;
        }
        client.read(false);
    }

    private void process(ByteBuf in) {
        try {
            boolean more = true;
            while (more && takesMessages()) {
                switch (decoder.next(in)) {
                    case NEED_MORE -> more = false;
                    case RUN -> onRun();
                    case FRAME -> onMessage(false);
                    case LARGE_FRAME -> onMessage(true);
                }
                if (decoder.buffer() != in) finishSending();
            }
        } finally {
            finishSending();
            if (in.isReadable() && !(state instanceof Closed)) keep(in);
            else in.release();
        }
    }

    /** Writes what the sender has gathered, before the bytes that it points into are given up. */
    private void finishSending() {
        if (state instanceof Attached attached) sender.finish(attached.server());
    }

    /** Goes on with what the client sent while its turn had not come. */
    private void processBacklog() {
        while (backlog != null && takesMessages()) {
            var bytes = backlog;
            backlog = null;
            process(bytes);
        }
        if (backlog == null) {
            client.read(true);
            flushServer();
        }
    }

    @Override
    public void onReadComplete() {
        flushServer();
        if (state instanceof Lost || discarding || state instanceof Idle) client.flush();
    }

    private void flushServer() {
        if (state instanceof Attached attached) attached.server().flush();
    }

    /** Copied data, or the rest of a large message. Without a server it belongs to something that has failed already. */
    private void onRun() {
        if (!(state instanceof Attached attached) || discarding) return;
        sender.sendRun(decoder.buffer(), decoder.start(), decoder.end(), attached.server());
        throttle(attached.server());
    }

    private void throttle(ServerConnection server) {
        if (!server.isWritable() || server.ledger().size() > OUTSTANDING_LIMIT) client.read(false);
    }

    private void onMessage(boolean large) {
        byte type = decoder.type();
        if (type == MessageType.TERMINATE) {
            terminate();
            return;
        }
        if (discarding) {
            if (type == MessageType.SYNC) endDiscarding();
            return;
        }
        switch (state) {
            case Lost(var transaction) -> answerLost(transaction, large);
            case Attached attached when passesThrough(attached) -> pass(attached, large);
            default -> gather(large);
        }
    }

    private void terminate() {
        terminating = true;
        if (state instanceof Idle || state instanceof Lost || inFlight.isEmpty())
            client.close(DisconnectReason.TERMINATED);
    }

    private void endDiscarding() {
        discarding = false;
        var out = client.newBuffer(8);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        client.write(out);
    }

    private void answerLost(LostTransaction transaction, boolean large) {
        var batch = journal.newBatch();
        var message = batch.pass(decoder.type(), decoder.end() - decoder.start());
        inspector.inspect(batch, message, decoder.buffer(), decoder.start(), decoder.end(), large);
        transaction.answer(message, classOf(message));
        journal.recycle(batch);
        if (transaction.isOver()) state = RelayState.IDLE;
    }

    private static QueryClass classOf(ClientMessage message) {
        if (message.queryClass != null) return message.queryClass;
        return message.statement != null ? message.statement.queryClass() : QueryClass.UNKNOWN;
    }

    /** Whether messages may go to the attached server without knowing what follows: the primary takes all, a transaction stays where it is. */
    private boolean passesThrough(Attached attached) {
        if (!attached.standby() || passing != null) return true;
        return attached.server().status() != TransactionStatus.IDLE && inFlight.isEmpty();
    }

    private void pass(Attached attached, boolean large) {
        var server = attached.server();
        byte type = decoder.type();
        boolean starts = passing == null;
        if (starts) {
            if (isStray(type, server)) return;
            if (type == MessageType.COPY_DONE || type == MessageType.COPY_FAIL) {
                // Belongs to a Query that has been sent whole, and begins nothing.
                sender.sendCopyEnd(decoder.buffer(), decoder.start(), decoder.end(), server);
                return;
            }
            passing = journal.newBatch();
            journal.follows(passing, attached);
        }
        var batch = passing;
        if (batch == null) return;
        var message = batch.pass(type, decoder.end() - decoder.start());
        inspector.inspect(batch, message, decoder.buffer(), decoder.start(), decoder.end(), large);
        if (answersDeallocate(message, server)) {
            passing = null;
            return;
        }
        boolean ends = endsBatch(type)
                && !(type == MessageType.SYNC && !server.ledger().takesSync());
        if (ends) {
            batch.completed();
            inFlight.add(batch);
            passing = null;
        }
        sender.send(message, batch, decoder.buffer(), decoder.start(), decoder.end(), server, naming(server));
        if (server.ledger().isFakeNext()) sendFakes(server);
        throttle(server);
    }

    /** The end of copied data that nobody takes any more begins no batch; the server would ignore it too. */
    private static boolean isStray(byte type, ServerConnection server) {
        boolean copyEnd = type == MessageType.COPY_DONE || type == MessageType.COPY_FAIL;
        return copyEnd && server.ledger().isAtRest();
    }

    private void sendFakes(ServerConnection server) {
        sender.finish(server);
        server.sendFakes();
        client.flush();
    }

    private static boolean endsBatch(byte type) {
        return type == MessageType.SYNC || type == MessageType.QUERY || type == MessageType.FUNCTION_CALL;
    }

    private Naming naming(ServerConnection server) {
        if (server != home) return Naming.SHARED;
        return sessionMode ? Naming.OWN : Naming.PINNED;
    }

    // Reading a batch whole

    private void gather(boolean large) {
        byte type = decoder.type();
        if (type == MessageType.COPY_DONE || type == MessageType.COPY_FAIL) return;
        var batch = building;
        if (batch == null) building = batch = journal.newBatch();
        var message = batch.append(type, decoder.buffer(), decoder.start(), decoder.end());
        inspector.inspect(batch, message, decoder.buffer(), decoder.start(), decoder.end(), large);
        if (endsBatch(type)) {
            if (!large) batch.completed();
            gathered(batch, large);
        } else if (large || type == MessageType.FLUSH || batch.size() > BATCH_LIMIT) {
            gathered(batch, large);
        }
    }

    private void gathered(Batch batch, boolean large) {
        building = null;
        if (large && endsBatch(decoder.type())) batch.completed();
        if (state instanceof Attached attached) joinOrDrain(attached, batch);
        else dispatch(batch);
    }

    /** Behind reads that are under way on a standby another proved read may follow at once; anything else waits until they are answered. */
    private void joinOrDrain(Attached attached, Batch batch) {
        if (batch.isWholeRead() && route(batch) instanceof RoutingDecision.ToStandby) send(attached, batch);
        else queued.add(batch);
    }

    // Where a batch goes

    private RoutingDecision route(Batch batch) {
        return services.backends().router().route(batch.classes(), session.routing());
    }

    private void dispatch(Batch batch) {
        if (batch.refusal != null) {
            answer(batch, batch.refusal);
        } else if (answersItself(batch)) {
            journal.recycle(batch);
        } else if (!batch.isComplete() || batch.avoidStandby || isPinnedHome() || !batch.isServerNeeded()) {
            toPrimary(batch, journal.reasonToStay(batch, isPinnedHome()));
        } else {
            switch (route(batch)) {
                case RoutingDecision.ToStandby(var node, var reason) -> {
                    journal.goes(batch, node.name(), reason);
                    acquire(batch, node, true);
                }
                case RoutingDecision.ToPrimary(var reason) -> {
                    journal.goes(batch, "", reason);
                    toPrimary(batch, null);
                }
            }
        }
    }

    private boolean isPinnedHome() {
        return home != null && session.pinned() != null;
    }

    private void toPrimary(Batch batch, @Nullable RoutingReason reason) {
        var gate = services.backends().gate();
        var primary = services.backends().topology().topology().primary();
        if (!gate.isOpen()) {
            state = new Holding(batch);
            gate.hold(eventLoop(), this);
            return;
        }
        if (primary == null) {
            retryLater(batch, ErrorFields.error(SqlState.CANNOT_CONNECT_NOW, "there is no primary"));
            return;
        }
        if (reason != null) journal.goes(batch, primary.name(), reason);
        else journal.at(batch, primary.name());
        var kept = home;
        var keptPool = homePool;
        if (kept != null && keptPool != null) {
            if (kept.target().node().equals(primary.name())) {
                prepare(new Acquisition(this, false), batch, keptPool, kept);
                return;
            }
            leaveHome();
            if (state instanceof Closed) {
                journal.recycle(batch);
                return;
            }
        }
        acquire(batch, primary, false);
    }

    private void acquire(Batch batch, Node node, boolean standby) {
        var acquisition = new Acquisition(this, standby);
        state = new Awaiting(batch, acquisition);
        services.backends()
                .pools()
                .pool(new ServerTarget(node.name(), node.endpoint(), session.database(), session.user()))
                .acquire(acquisition, session.settings());
    }

    /** The kept connection leads to a node that is not the primary any more: whatever it held is lost. */
    private void leaveHome() {
        var kept = home;
        if (kept == null) return;
        home = null;
        homePool = null;
        kept.unlease();
        kept.close(CloseReason.NODE_LOST);
        if (session.pinned() != null) loseSession(null);
    }

    // What a batch gets

    void onServer(Acquisition acquisition, ServerPool pool, ServerConnection server) {
        if (state instanceof Awaiting(var batch, var mine) && mine == acquisition)
            prepare(acquisition, batch, pool, server);
        else pool.release(server);
    }

    private void prepare(Acquisition acquisition, Batch batch, ServerPool pool, ServerConnection server) {
        server.lease(this);
        var attached = new Attached(pool, server, acquisition.standby());
        if (server.settings().equals(session.settings())) {
            start(attached, batch);
            return;
        }
        var preparing = new Awaiting(batch, acquisition);
        state = preparing;
        var wanted = session.settings();
        server.exchange(server.settings().difference(wanted), error -> {
            if (state != preparing) {
                if (server != home) ServerReset.begin(pool, services.backends().cancels(), server, false, false);
                return;
            }
            if (error == null) {
                server.settings(wanted);
                start(attached, batch);
            } else {
                if (server != home) pool.release(server);
                answer(batch, error);
            }
        });
    }

    private void start(Attached attached, Batch batch) {
        state = attached;
        send(attached, batch);
        processQueue();
    }

    private void send(Attached attached, Batch batch) {
        var server = attached.server();
        var bytes = batch.bytes();
        if (batch.isComplete()) inFlight.add(batch);
        else passing = batch;
        if (batch.framesAnswered > 0) server.suppress(batch.framesAnswered);
        for (int i = 0; bytes != null && i < batch.messages(); i++) {
            var message = batch.message(i);
            int start = batch.from() + message.start;
            sender.send(message, batch, bytes, start, start + message.size, server, naming(server));
        }
        sender.finish(server);
        if (!batch.mayRunAgain()) batch.releaseBytes();
        server.flush();
        if (server.ledger().isFakeNext()) sendFakes(server);
    }

    void onRefused(Acquisition acquisition, ServerPool pool, Refusal refusal) {
        if (!(state instanceof Awaiting(var batch, var mine)) || mine != acquisition) return;
        switch (refusal.kind()) {
            case TIMEOUT, LOGIN_FAILED -> answer(batch, refusal.error().asError());
            case UNREACHABLE, CLOSED -> {
                suspect(pool.target().node(), "could not be reached");
                if (acquisition.standby()) {
                    batch.avoidStandby = true;
                    dispatch(batch);
                } else {
                    retryLater(batch, refusal.error());
                }
            }
        }
    }

    private void suspect(String nodeName, String why) {
        var topology = services.backends().topology();
        for (var each : topology.topology().nodes())
            if (each.node().name().equals(nodeName)) topology.suspect(each.node(), why);
    }

    /** The primary is not there although nobody has noticed yet: tries again shortly, for as long as work may be held. */
    private void retryLater(Batch batch, ErrorFields why) {
        long most = services.config().failover().holdTimeout().toMillis() / RETRY_MILLIS;
        if (batch.attempts++ >= most) {
            answer(batch, why.asError());
            return;
        }
        var waiting = new Holding(batch);
        state = waiting;
        eventLoop()
                .schedule(
                        () -> {
                            if (state == waiting) resume(batch);
                        },
                        RETRY_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void released() {
        if (state instanceof Holding(var batch)) resume(batch);
    }

    @Override
    public void refused(String sqlState, String message) {
        if (state instanceof Holding(var batch)) answer(batch, ErrorFields.error(sqlState, message));
    }

    private void resume(Batch batch) {
        state = RelayState.IDLE;
        dispatch(batch);
        if (state instanceof Idle) processQueue();
    }

    // Answers of our own

    /** Tells the client that a batch failed without a server. */
    private void answer(Batch batch, ErrorFields error) {
        state = RelayState.IDLE;
        var out = client.newBuffer(256);
        BackendMessages.error(out, error);
        if (batch.isComplete()) BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        else discarding = true;
        client.writeAndFlush(out);
        failed(batch, error);
        processQueue();
    }

    /** A batch will not be carried out: what it would have prepared is not there. */
    private void failed(Batch batch, ErrorFields error) {
        batch.sqlState = error.sqlState();
        for (int i = 0; i < batch.messages(); i++) {
            var message = batch.message(i);
            if (message.type == MessageType.PARSE && message.statement != null && !message.duplicate)
                session.statements().remove(message.statement);
        }
        journal.ended(batch);
    }

    /** A batch that only prepares what servers have accepted before, closes statements or synchronizes needs no server. */
    private boolean answersItself(Batch batch) {
        if (batch.messages() == 1 && answersDeallocate(batch.message(0), null)) return true;
        if (home != null) return false;
        for (int i = 0; i < batch.messages(); i++) if (!needsNoServer(batch.message(i))) return false;
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

    /**
     * DEALLOCATE of a statement that the client has made with Parse and that servers know under another name is ours to answer.
     *
     * @param server where it would go, with what it still owes before; null if nowhere
     */
    private boolean answersDeallocate(ClientMessage message, @Nullable ServerConnection server) {
        if (message.type != MessageType.QUERY || sessionMode) return false;
        if (message.queryClass == null || !(message.queryClass.session() instanceof SessionEffect.Deallocate(var name)))
            return false;
        var statement = session.statements().find(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        if (statement == null || (server != null && !server.ledger().isAtRest())) return false;
        if (server != null && server.status() == TransactionStatus.FAILED) return false;
        session.statements().remove(statement);
        var out = client.newBuffer(32);
        BackendMessages.commandComplete(out, "DEALLOCATE");
        BackendMessages.readyForQuery(out, server == null ? TransactionStatus.IDLE : server.status());
        client.writeAndFlush(out);
        return true;
    }

    // From the server

    @Override
    public void onBytes(ServerConnection server, ByteBuf bytes) {
        client.write(bytes);
        if (!client.isWritable()) server.read(false);
    }

    @Override
    public void onReadComplete(ServerConnection server) {
        client.flush();
        unthrottle(server);
    }

    /** Undoes what {@link #throttle} did because of too many outstanding answers. */
    private void unthrottle(ServerConnection server) {
        if (backlog == null && server.isWritable() && server.ledger().size() <= OUTSTANDING_LIMIT) client.read(true);
    }

    @Override
    public void onWritabilityChanged(ServerConnection server, boolean writable) {
        if (writable && backlog == null) client.read(true);
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (!writable) return;
        if (state instanceof Attached attached) attached.server().read(true);
        else if (home != null) home.read(true);
    }

    @Override
    public void onParameterStatus(ServerConnection server, String name, String value) {
        session.parameterChanged(name, value);
    }

    @Override
    public void onAnswered(ServerConnection server, Expected expected, byte type, @Nullable Object note) {
        if (expected == Expected.PARSE && note instanceof ClientStatement statement && statement.shared() != null)
            statement.shared().accept();
        if (expected == Expected.EXECUTE && note instanceof QueryClass ran && ran.session() != SessionEffect.NONE) {
            var batch = inFlight.isEmpty() ? passing : inFlight.peek();
            if (batch != null) journal.succeeded(batch, ran);
        }
    }

    @Override
    public void onDiscarded(ServerConnection server, Expected expected, Action action, @Nullable Object note) {
        switch (expected) {
            case PARSE -> {
                if (note instanceof ClientStatement statement) forget(statement, server, action);
            }
            case CLOSE -> {
                if (note instanceof ClientStatement statement
                        && !statement.isUnnamed()
                        && session.statements().find(statement.name()) == null)
                    session.statements().add(statement);
            }
            case SYNC -> {
                if (note instanceof Batch batch && inFlight.remove(batch) && passing == null) passing = batch;
            }
            case QUERY, FUNCTION_CALL -> {
                if (note instanceof Batch batch && inFlight.remove(batch)) journal.recycle(batch);
            }
            default -> {}
        }
    }

    /** A Parse was not carried out: the statement is not there, neither for the client nor on this server. */
    private void forget(ClientStatement statement, ServerConnection server, Action action) {
        if (action != Action.SKIP) session.statements().remove(statement);
        if (action == Action.FAKE) return;
        if (server.unnamedStatement() == statement) server.unnamedStatement(null);
        server.statements().remove(statement);
        if (statement.shared() != null) server.statements().remove(statement.shared());
    }

    @Override
    public boolean onError(ServerConnection server, ErrorFields error) {
        var batch = inFlight.isEmpty() ? passing : inFlight.peek();
        if (server.ledger().headNote() instanceof BatchSender.ErrorInstead(var instead)) {
            var out = client.newBuffer(128);
            BackendMessages.error(out, instead);
            client.write(out);
            if (batch != null) batch.sqlState = instead.sqlState();
            return false;
        }
        if (batch == null) return true;
        if (state instanceof Attached attached && isStandbysFault(attached, batch, error)) {
            runOnPrimary(attached, error.sqlState());
            return false;
        }
        batch.sqlState = error.sqlState();
        if (SPOILING_ERRORS.contains(error.sqlState())
                && server.ledger().headNote() instanceof ClientStatement statement
                && statement.shared() != null) server.statements().spoil(statement.shared());
        return true;
    }

    private static boolean isStandbysFault(Attached attached, Batch batch, ErrorFields error) {
        var server = attached.server();
        return attached.standby()
                && server.status() == TransactionStatus.IDLE
                && batch.isRepeatable()
                && !server.rowsForwarded()
                && STANDBY_ERRORS.contains(error.sqlState());
    }

    /** A standby refused what only a primary can do: it and the reads behind it are run there; what the client has had is not sent again. */
    private void runOnPrimary(Attached attached, String why) {
        services.metrics().retried(why);
        var server = attached.server();
        takeBackInFlight(server.framesForwarded());
        state = RelayState.IDLE;
        ServerReset.begin(attached.pool(), services.backends().cancels(), server, false, false);
        eventLoop().execute(this::processQueue);
    }

    /** Everything in flight is to be sent again, in its order. */
    private void takeBackInFlight(int framesForwarded) {
        var first = inFlight.peek();
        if (first != null) first.framesAnswered += framesForwarded;
        while (inFlight.pollLast() instanceof Batch batch) {
            batch.avoidStandby = true;
            queued.addFirst(batch);
        }
    }

    @Override
    public void onReady(ServerConnection server, TransactionStatus status, @Nullable Object note) {
        if (!(state instanceof Attached attached) || attached.server() != server) {
            client.flush();
            return;
        }
        if (note instanceof Batch batch) {
            inFlight.remove(batch);
            batchEnded(attached, batch, status);
        }
        if (status == TransactionStatus.IDLE) transactionEnded(attached);
        else client.flush();
        if (terminating && inFlight.isEmpty()) client.close(DisconnectReason.TERMINATED);
        else if (backlog != null || !queued.isEmpty()) processQueue();
    }

    private void batchEnded(Attached attached, Batch batch, TransactionStatus status) {
        if (batch.sqlState.isEmpty()) journal.applyEffects(batch, attached.server(), status);
        boolean wrote = !attached.standby() && batch.mayWrite();
        if (status != TransactionStatus.IDLE) wroteInTransaction |= wrote;
        long now = journal.ended(batch);
        if (attached.standby()) {
            session.routing().read(nodeOf(attached.server()), now);
        } else if (status == TransactionStatus.IDLE && (wrote || wroteInTransaction)) {
            session.routing().wrote(now);
        }
    }

    private Node nodeOf(ServerConnection server) {
        var name = server.target().node();
        for (var each : services.backends().topology().topology().nodes())
            if (each.node().name().equals(name)) return each.node();
        throw new IllegalStateException("node: " + name + " (expected: one of the topology)");
    }

    private void transactionEnded(Attached attached) {
        wroteInTransaction = false;
        session.transactionEnded();
        var server = attached.server();
        if (server.ledger().isAtRest() && passing == null && !decoder.insideRun()) detach(attached);
        client.flush();
    }

    /** The server has nothing more to do for this client: it goes back, unless the client keeps it. */
    private void detach(Attached attached) {
        var server = attached.server();
        state = RelayState.IDLE;
        if (server == home) {
            if (sessionMode || session.pinned() != null) return;
            home = null;
            homePool = null;
        } else if (!attached.standby() && (sessionMode || session.pinned() != null)) {
            home = server;
            homePool = attached.pool();
            return;
        }
        var pool = attached.pool();
        server.unlease();
        server.afterCancels(() -> pool.release(server));
    }

    /** Sends what waits for its turn, then goes on with what the client has sent since. */
    private void processQueue() {
        while (state instanceof Idle && queued.poll() instanceof Batch batch) dispatch(batch);
        if (state instanceof Attached attached && !queued.isEmpty()) continueOn(attached);
        processBacklog();
    }

    /** What waited for a standby's reads to be answered goes on there if a transaction is open now. */
    private void continueOn(Attached attached) {
        if (attached.standby() && attached.server().status() == TransactionStatus.IDLE && !inFlight.isEmpty()) {
            while (queued.peek() instanceof Batch next
                    && !next.avoidStandby
                    && next.isWholeRead()
                    && route(next) instanceof RoutingDecision.ToStandby) {
                queued.remove();
                send(attached, next);
            }
            return;
        }
        while (queued.poll() instanceof Batch batch) send(attached, batch);
    }

    // Losing a server

    @Override
    public void onLost(ServerConnection server, CloseReason reason, @Nullable ErrorFields error) {
        suspect(server.target().node(), "a connection was lost");
        boolean wasHome = server == home;
        if (wasHome) {
            home = null;
            homePool = null;
        }
        boolean pinned = wasHome && session.pinned() != null;
        switch (state) {
            case Attached attached when attached.server() == server -> lostAttached(attached, error, pinned);
            case Awaiting awaiting -> {
                if (pinned) {
                    loseSession(error);
                } else {
                    state = RelayState.IDLE;
                    retryLater(awaiting.batch(), lost(server, error));
                }
            }
            default -> {
                if (pinned) loseSession(error);
            }
        }
    }

    private static ErrorFields lost(ServerConnection server, @Nullable ErrorFields error) {
        var lost = ErrorFields.error(
                SqlState.CONNECTION_FAILURE,
                "connection to node " + server.target().node() + " was lost");
        return error == null ? lost : lost.withDetail(error.message());
    }

    /** What only the lost connection had cannot be had again: the session ends, as it would have without a proxy. */
    private void loseSession(@Nullable ErrorFields error) {
        client.closeWith(
                error != null
                        ? error
                        : ErrorFields.fatal(
                                        SqlState.ADMIN_SHUTDOWN,
                                        "terminating connection: its server was lost, and state of the session with it")
                                .withDetail("The session held: " + session.pinned() + "."),
                DisconnectReason.SESSION_LOST);
    }

    private void lostAttached(Attached attached, @Nullable ErrorFields error, boolean pinned) {
        var server = attached.server();
        session.transactionEnded();
        if (pinned) {
            state = RelayState.IDLE;
            loseSession(error);
        } else if (server.status() == TransactionStatus.IDLE
                && !(passing != null && wroteInTransaction)
                && !lostWhatItBegan()) {
            lostOutsideTransaction(attached, error);
        } else {
            lostTransaction(error);
        }
        wroteInTransaction = false;
    }

    /** A batch that began a transaction and did not end it is lost with it: nothing of it can have been committed. */
    private boolean lostWhatItBegan() {
        var first = inFlight.peek();
        boolean alone = inFlight.size() == 1 && passing == null;
        return first != null && first.opensTransaction() && !(alone && first.isRepeatable());
    }

    /** Reads are run again; of anything else nobody knows whether it was carried out. */
    private void lostOutsideTransaction(Attached attached, @Nullable ErrorFields error) {
        var server = attached.server();
        var unfinished = passing;
        passing = null;
        boolean first = true;
        var all = new ArrayDeque<Batch>();
        while (inFlight.poll() instanceof Batch batch) {
            if (!batch.isRepeatable() || (first && server.rowsForwarded()))
                batch.refusal = unknownOutcome(batch, server, error);
            else if (first) batch.framesAnswered += server.framesForwarded();
            batch.avoidStandby |= attached.standby();
            if (batch.refusal == null) services.metrics().retried("server-lost");
            first = false;
            all.add(batch);
        }
        all.addAll(queued);
        queued.clear();
        queued.addAll(all);
        if (unfinished != null) {
            unfinished.refusal = unknownOutcome(unfinished, server, error);
            queued.add(unfinished);
        }
        state = RelayState.IDLE;
        processQueue();
    }

    private static ErrorFields unknownOutcome(Batch batch, ServerConnection server, @Nullable ErrorFields error) {
        var fields = batch.mayWrite() || batch.commits()
                ? ErrorFields.error(
                                SqlState.TRANSACTION_RESOLUTION_UNKNOWN,
                                "connection to node " + server.target().node()
                                        + " was lost before its answer: the statement may or may not have been carried out")
                        .withHint("Find out before you run it again.")
                : ErrorFields.error(
                        SqlState.CONNECTION_FAILURE,
                        "connection to node " + server.target().node() + " was lost in the middle of its answer");
        return error == null ? fields : fields.withDetail(error.message());
    }

    private void lostTransaction(@Nullable ErrorFields error) {
        boolean commitSent = false;
        for (var batch : inFlight) commitSent |= batch.commits();
        boolean wasAnswering = !inFlight.isEmpty() || passing != null;
        if (commitSent) {
            var unknown = ErrorFields.error(
                            SqlState.TRANSACTION_RESOLUTION_UNKNOWN,
                            "the server was lost while the transaction was being committed: it may or may not have been")
                    .withHint("Find out before you run it again.");
            failInFlight(error == null ? unknown : unknown.withDetail(error.message()), TransactionStatus.IDLE);
            return;
        }
        var failure = ErrorFields.error(
                        SqlState.SERIALIZATION_FAILURE, "the server was lost, and with it the current transaction")
                .withHint("Run the whole transaction again.");
        if (error != null) failure = failure.withDetail(error.message());
        boolean open = passing != null;
        failInFlight(failure, TransactionStatus.FAILED);
        if (state instanceof Closed) return;
        var transaction = new LostTransaction(client, failure, wasAnswering);
        if (open) transaction.discardUntilSync();
        state = new Lost(transaction);
        while (queued.poll() instanceof Batch batch) replay(transaction, batch);
        processBacklog();
        client.flush();
    }

    private void replay(LostTransaction transaction, Batch batch) {
        for (int i = 0; i < batch.messages(); i++) transaction.answer(batch.message(i), classOf(batch.message(i)));
        journal.recycle(batch);
    }

    /** Every batch that is still owed an answer gets an error, the last one with the status that holds from then on. */
    private void failInFlight(ErrorFields error, TransactionStatus status) {
        var out = client.newBuffer(256);
        while (inFlight.poll() instanceof Batch batch) {
            BackendMessages.error(out, error);
            BackendMessages.readyForQuery(out, status);
            failed(batch, error);
        }
        var open = passing;
        passing = null;
        if (open != null) {
            BackendMessages.error(out, error);
            if (status == TransactionStatus.IDLE) discarding = true;
            failed(open, error);
        }
        client.writeAndFlush(out);
        state = RelayState.IDLE;
        if (status == TransactionStatus.IDLE) processQueue();
    }

    // Cancelling and ending

    @Override
    public void onCancel() {
        switch (state) {
            case Awaiting(var batch, var acquisition) -> {
                cancelAcquisition(acquisition);
                answer(batch, canceled());
            }
            case Holding(var batch) -> {
                services.backends().gate().cancel(this);
                answer(batch, canceled());
            }
            case Attached attached -> {
                if (!attached.server().ledger().isAtRest())
                    services.backends().cancels().cancel(attached.server());
            }
            case Idle _, Lost _, Closed _ -> {}
        }
    }

    private static ErrorFields canceled() {
        return ErrorFields.error(SqlState.QUERY_CANCELED, "canceling statement due to user request");
    }

    private void cancelAcquisition(Acquisition acquisition) {
        var pools = services.backends().pools();
        for (var pool : pools.pools()) if (pool.cancel(acquisition)) return;
    }

    @Override
    public void onClosed() {
        var last = state;
        state = RelayState.CLOSED;
        services.cancelKeys().unregister(key);
        switch (last) {
            case Awaiting(var batch, var acquisition) -> {
                cancelAcquisition(acquisition);
                journal.recycle(batch);
            }
            case Holding(var batch) -> {
                services.backends().gate().cancel(this);
                journal.recycle(batch);
            }
            case Attached attached -> leave(attached);
            case Idle _, Lost _, Closed _ -> {}
        }
        if (home != null && homePool != null && !(last instanceof Attached attached && attached.server() == home))
            ServerReset.begin(homePool, services.backends().cancels(), home, true, true);
        home = null;
        release();
    }

    /** Half a message cannot be taken back: such a connection is of no use to anybody else. */
    private void leave(Attached attached) {
        var server = attached.server();
        if (decoder.insideRun()) {
            server.unlease();
            server.close(CloseReason.CLIENT_LEFT);
            return;
        }
        boolean discardAll = server == home || session.pinned() != null;
        ServerReset.begin(attached.pool(), services.backends().cancels(), server, discardAll, !terminating);
    }

    private void release() {
        if (backlog != null) backlog.release();
        backlog = null;
        if (building != null) journal.recycle(building);
        building = null;
        passing = null;
        inFlight.forEach(Batch::releaseBytes);
        inFlight.clear();
        queued.forEach(Batch::releaseBytes);
        queued.clear();
        decoder.close();
    }
}
