package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ResponseListener;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.config.PoolMode;
import org.pgdrover.failover.HeldClient;
import org.pgdrover.pool.Acquirer;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/**
 * Tells an authenticated client what its session begins with, as the primary reports it, and lets it begin.
 *
 * <p>A session that began alike a moment ago needs no server for that, unless the pool is in session mode, in which the client keeps its server
 * connection from here on.
 */
final class WelcomePhase implements Phase, Acquirer, HeldClient, ResponseListener {
    private static final int RETRY_MILLIS = 50;

    private final ClientConnection client;
    private final FrontendServices services;
    private final StartupRequest request;
    private final boolean sessionMode;
    private final long began = System.nanoTime();
    private @Nullable ServerPool pool;
    private @Nullable ServerConnection server;
    private boolean held;
    private boolean over;

    WelcomePhase(ClientConnection client, FrontendServices services, StartupRequest request) {
        this.client = client;
        this.services = services;
        this.request = request;
        this.sessionMode = services.config()
                        .pool()
                        .settings(request.database(), request.user())
                        .mode()
                == PoolMode.SESSION;
    }

    private WelcomeCache.Key key() {
        return new WelcomeCache.Key(request.database(), request.user(), request.settings());
    }

    @Override
    public void onEnter() {
        var known = sessionMode ? null : services.welcomes().find(key());
        if (known != null) welcome(known);
        else askPrimary();
    }

    private void askPrimary() {
        if (over) return;
        var gate = services.backends().gate();
        var primary = services.backends().topology().topology().primary();
        if (gate.isOpen() && primary != null) {
            services.backends()
                    .pools()
                    .pool(new ServerTarget(primary.name(), primary.endpoint(), request.database(), request.user()))
                    .acquire(this, request.settings());
            return;
        }
        if (gate.isOpen()) {
            retry(ErrorFields.fatal(SqlState.CANNOT_CONNECT_NOW, "there is no primary"));
            return;
        }
        held = true;
        gate.hold(eventLoop(), this);
    }

    @Override
    public EventLoop eventLoop() {
        return client.eventLoop();
    }

    @Override
    public void released() {
        held = false;
        askPrimary();
    }

    @Override
    public void refused(String sqlState, String message) {
        held = false;
        refuse(ErrorFields.fatal(sqlState, message));
    }

    @Override
    public void onServer(ServerPool from, ServerConnection connection) {
        if (over) {
            from.release(connection);
            return;
        }
        pool = from;
        server = connection;
        connection.lease(this);
        var sql = connection.settings().difference(request.settings());
        if (sql.isEmpty()) ready(connection);
        else
            connection.exchange(sql, error -> {
                if (error == null) {
                    connection.settings(request.settings());
                    ready(connection);
                } else {
                    giveBack();
                    refuse(error);
                }
            });
    }

    private void ready(ServerConnection connection) {
        if (over) {
            giveBack();
            return;
        }
        var parameters = new HashMap<>(connection.parameters());
        services.welcomes().put(key(), parameters);
        if (!sessionMode) giveBack();
        welcome(parameters);
    }

    private void giveBack() {
        if (server != null && pool != null) pool.release(server);
        server = null;
        pool = null;
    }

    private void welcome(Map<String, String> parameters) {
        over = true;
        int processId = server == null ? 0 : server.cancelKey().processId();
        var key = services.cancelKeys().register(client, processId, request.longCancelKeys());
        var out = client.newBuffer(1024);
        parameters.forEach((name, value) -> BackendMessages.parameterStatus(out, name, value));
        BackendMessages.backendKeyData(out, key);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        client.writeAndFlush(out);
        client.loggedIn();
        var session = new ClientSession(client, services, request, parameters);
        client.become(new RelayPhase(client, services, session, key, sessionMode, pool, server));
    }

    @Override
    public void onRefused(ServerPool from, Refusal refusal) {
        switch (refusal.kind()) {
            case UNREACHABLE, CLOSED -> {
                suspectPrimary();
                retry(refusal.error());
            }
            case TIMEOUT, LOGIN_FAILED -> refuse(refusal.error());
        }
    }

    private void suspectPrimary() {
        var topology = services.backends().topology();
        var primary = topology.topology().primary();
        if (primary != null) topology.suspect(primary, "a login could not reach it");
    }

    private void retry(ErrorFields error) {
        if (over) return;
        long most = services.config().failover().holdTimeout().toNanos();
        if (System.nanoTime() - began > most) refuse(error);
        else eventLoop().schedule(this::askPrimary, RETRY_MILLIS, TimeUnit.MILLISECONDS);
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
        if (held) services.backends().gate().cancel(this);
        // A connection on its way is given back when it arrives, and one in an exchange when that ends.
    }

    // A server connection that is leased here only answers our own exchange.

    @Override
    public void onBytes(ServerConnection from, ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public boolean onError(ServerConnection from, ErrorFields error) {
        return false;
    }

    @Override
    public void onReady(ServerConnection from, TransactionStatus status, @Nullable Object note) {}

    @Override
    public void onReadComplete(ServerConnection from) {}

    @Override
    public void onWritabilityChanged(ServerConnection from, boolean writable) {}

    @Override
    public void onLost(ServerConnection from, CloseReason reason, @Nullable ErrorFields error) {
        server = null;
        pool = null;
        suspectPrimary();
        retry(
                error != null
                        ? error
                        : ErrorFields.fatal(SqlState.CONNECTION_FAILURE, "connection to the primary was lost"));
    }
}
