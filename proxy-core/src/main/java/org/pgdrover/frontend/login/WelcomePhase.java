package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.failover.HeldClient;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.pool.Acquirer;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/// Tells an authenticated client what its session begins with, as the primary reports it, and lets it
/// begin.
///
/// A session that began alike a moment ago needs no server for that, unless the pool is in session mode,
/// in which the client keeps its server connection from here on.
final class WelcomePhase implements Phase, Acquirer, HeldClient, AnswerOwner {
    private static final Duration RETRY = Duration.ofMillis(50);

    private final ClientConnection client;
    private final StartupRequest request;
    private final Welcome welcome;
    private final boolean sessionMode;
    private final long began;
    private @Nullable ServerPool pool;
    private @Nullable ServerConnection server;
    private int generation;
    private boolean exchanging;
    private boolean held;
    private @Nullable ServerPool asked;
    private boolean over;

    WelcomePhase(ClientConnection client, StartupRequest request, Welcome welcome) {
        this.client = client;
        this.request = request;
        this.welcome = welcome;
        this.sessionMode = welcome.isSessionMode(request);
        this.began = client.eventLoop().ticker().nanoTime();
    }

    private WelcomeCache.Key key() {
        return new WelcomeCache.Key(request.database(), request.user(), request.settings());
    }

    @Override
    public void onEnter() {
        var settled = welcome.defaults().settled();
        if (settled.isDone()) begin();
        else settled.whenComplete((_, _) -> client.execute(this::begin));
    }

    private void begin() {
        if (over) return;
        var known = sessionMode ? null : welcome.defaults().welcomes().find(key());
        if (known != null) welcome(known);
        else askPrimary();
    }

    private void askPrimary() {
        if (over) return;
        generation = welcome.defaults().welcomes().generation();
        var gate = welcome.primary().gate();
        var primary = welcome.primary().topology().topology().primary();
        if (gate.isOpen() && primary != null) {
            var from = welcome.primary()
                    .pools()
                    .pool(new ServerTarget(primary.name(), primary.endpoint(), request.database(), request.user()));
            asked = from;
            var lent = from.acquire(this, request.settings());
            if (lent != null) onServer(from, lent);
            return;
        }
        if (gate.isOpen()) {
            retry(ErrorFields.fatal(SqlState.CANNOT_CONNECT_NOW, "there is no primary"));
            return;
        }
        held = true;
        gate.hold(eventLoop(), this);
    }

    /// The client is known already, and waits for a server.
    @Override
    public ErrorFields timedOut(ErrorFields usual) {
        return asked == null || server != null
                ? usual
                : ErrorFields.fatal(SqlState.TOO_MANY_CONNECTIONS, "no server connection within auth.timeout")
                        .withHint(
                                "The pool's are in use, or none could be opened: the proxy's log and its metrics say more.");
    }

    @Override
    public EventLoop eventLoop() {
        return client.eventLoop();
    }

    @Override
    public void released() {
        held = false;
        client.run(this::askPrimary);
    }

    @Override
    public void refused(String sqlState, String message) {
        held = false;
        refuse(ErrorFields.fatal(sqlState, message));
    }

    @Override
    public void onServer(ServerPool from, ServerConnection connection) {
        client.run(() -> lent(from, connection));
    }

    private void lent(ServerPool from, ServerConnection connection) {
        if (over) {
            from.release(connection);
            return;
        }
        pool = from;
        server = connection;
        connection.lease(this);
        if (connection.session().settings().equals(request.settings())) {
            ready(connection);
            return;
        }
        exchanging = true;
        var exchange = new Exchange(connection, answered -> client.run(() -> prepared(connection, answered.error())));
        for (var query : connection.session().settings().difference(request.settings())) exchange.query(query);
        exchange.send();
    }

    private void prepared(ServerConnection connection, @Nullable ErrorFields error) {
        exchanging = false;
        if (error == null) {
            connection.session().settings(request.settings());
            ready(connection);
            return;
        }
        connection.session().notClean("settings that could not be set");
        giveBack();
        refuse(error);
    }

    private void ready(ServerConnection connection) {
        if (over) {
            giveBack();
            return;
        }
        var parameters = new HashMap<>(connection.parameters());
        welcome.defaults().welcomes().put(key(), parameters, generation);
        if (!sessionMode) giveBack();
        welcome(parameters);
    }

    private void giveBack() {
        if (server != null && pool != null) {
            if (server.session().notClean() == null) pool.release(server);
            else server.close(CloseReason.RESET_FAILED);
        }
        server = null;
        pool = null;
    }

    private void welcome(Map<String, String> parameters) {
        over = true;
        int processId = server == null ? 0 : server.cancelKey().processId();
        var key = welcome.cancelKeys().register(client, processId, request.longCancelKeys());
        var out = client.newBuffer(1024);
        parameters.forEach((name, value) -> BackendMessages.parameterStatus(out, name, value));
        BackendMessages.backendKeyData(out, key);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        client.writeAndFlush(out);
        client.loggedIn();
        var lent = pool == null || server == null ? null : new SessionBegin.LentServer(pool, server);
        client.become(welcome.sessions().begin(client, request, key, parameters, lent));
    }

    @Override
    public void onRefused(ServerPool from, Refusal refusal) {
        client.run(() -> refused(refusal));
    }

    private void refused(Refusal refusal) {
        switch (refusal.kind()) {
            case UNREACHABLE, CLOSED -> {
                suspectPrimary();
                retry(refusal.error());
            }
            case TIMEOUT, LOGIN_FAILED -> refuse(refusal.error());
        }
    }

    private void suspectPrimary() {
        var topology = welcome.primary().topology();
        var primary = topology.topology().primary();
        if (primary != null) topology.suspect(primary, "a login could not reach it");
    }

    private void retry(ErrorFields error) {
        if (over) return;
        long most = welcome.primary().holdTimeout().toNanos();
        if (eventLoop().ticker().nanoTime() - began > most) refuse(error);
        else client.schedule(this::askPrimary, RETRY);
    }

    private void refuse(ErrorFields error) {
        if (over) return;
        over = true;
        client.closeWith(error, DisconnectReason.LOGIN_REFUSED);
    }

    @Override
    public void onRead(ByteBuf in) {
        in.release();
        throw new ProtocolViolation("received data before the session began");
    }

    @Override
    public void onClosed() {
        over = true;
        if (held) welcome.primary().gate().cancel(this);
        if (asked != null) asked.cancel(this);
        // A connection on its way is given back when it arrives, and one in an exchange when that ends.
        if (!exchanging) giveBack();
    }

    // A server connection that is leased here only answers our own exchange.

    @Override
    public void onBytes(ByteBuf bytes, boolean begun) {
        bytes.release();
    }

    @Override
    public boolean onError(Note note, ErrorFields error) {
        return false;
    }

    @Override
    public void onReady(TransactionStatus status, Note note) {}

    @Override
    public void onReadComplete() {}

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @Override
    public void onLost(CloseReason reason, @Nullable ErrorFields error) {
        server = null;
        pool = null;
        exchanging = false;
        client.run(() -> lost(error));
    }

    private void lost(@Nullable ErrorFields error) {
        suspectPrimary();
        retry(
                error != null
                        ? error
                        : ErrorFields.fatal(SqlState.CONNECTION_FAILURE, "connection to the primary was lost"));
    }
}
