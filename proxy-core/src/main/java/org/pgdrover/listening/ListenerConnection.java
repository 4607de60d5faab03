package org.pgdrover.listening;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listener's connection to the primary, made again whenever it is lost while somebody listens.
///
/// ```
///   none --opened--> connecting --logged in, LISTENs answered--> listening
///    ^                 |  failed: again a little later             |
///    +------ closed, lost, or the primary is another now ----------+
/// ```
///
/// Confined to the listener's event loop.
final class ListenerConnection implements AnswerOwner {
    private static final Logger log = LoggerFactory.getLogger(ListenerConnection.class);
    private static final long RETRY_MILLIS = 100;
    private static final long MOST_RETRY_MILLIS = 5_000;
    private static final long HEARTBEAT_SECONDS = 20;

    /// Where connections lead to, and who counts them.
    record Surroundings(TopologySource topology, ServerConnector connector, ProxyMetrics metrics) {}

    private final String database;
    private final EventLoop loop;
    private final Surroundings around;
    private final DatabaseListener listener;
    private @Nullable ServerConnection server;
    private @Nullable Future<?> retry;
    private @Nullable Node lastPrimary;
    private boolean ready;
    private boolean connecting;
    private boolean closed;
    private int attempts;
    /// Grows when somebody does not wait any more for a connection that is being made.
    private int generation;

    ListenerConnection(String database, EventLoop loop, Surroundings around, DatabaseListener listener) {
        this.database = database;
        this.loop = loop;
        this.around = around;
        this.listener = listener;
    }

    /// Whether LISTEN can be sent.
    boolean isReady() {
        return ready;
    }

    /// Makes a connection, unless there is one, or will be.
    void open() {
        if (connecting || retry != null || server != null || closed || !listener.isWanted()) return;
        var primary = around.topology().topology().primary();
        // One after the other, for not everybody need still be let in.
        var user = listener.user(attempts);
        if (primary == null || user == null) {
            openLater();
            return;
        }
        connecting = true;
        int wanted = generation;
        var target = new ServerTarget(primary.name(), primary.endpoint(), database, user);
        around.connector()
                .connect(
                        target,
                        loop,
                        made -> opened(made, wanted),
                        (refused, error) -> failed(error, wanted),
                        this::ended);
    }

    private void openLater() {
        if (retry != null || closed) return;
        long delay = Math.min(MOST_RETRY_MILLIS, RETRY_MILLIS << Math.min(attempts, 6));
        retry = loop.schedule(this::openNow, delay, TimeUnit.MILLISECONDS);
    }

    private void openNow() {
        if (retry != null) retry.cancel(false);
        retry = null;
        open();
        listener.handOver();
    }

    private void failed(ErrorFields error, int attempt) {
        if (attempt != generation) return;
        connecting = false;
        if (attempts++ == 0)
            log.atWarn()
                    .addKeyValue("database", database)
                    .addKeyValue("sqlstate", error.sqlState())
                    .log("cannot listen for the clients of a database: {}", error.message());
        openLater();
    }

    private void opened(ServerConnection made, int attempt) {
        around.metrics().serverOpened(made.target().node());
        if (attempt != generation || closed) {
            made.close(CloseReason.NODE_LOST);
            return;
        }
        connecting = false;
        attempts++;
        server = made;
        made.lease(this);
        var names = List.copyOf(listener.names());
        var exchange = new Exchange(made, answered -> listening(made, names, answered));
        exchange.query("SET application_name = 'pgdrover listener'");
        exchange.query("SET client_encoding = 'UTF8'");
        exchange.query("SET statement_timeout = 0");
        exchange.query("LISTEN " + listener.markers().channel());
        for (var name : names) exchange.query("LISTEN " + quoted(name));
        exchange.send();
        // Versions before 14 do not know it.
        new Exchange(made, _ -> {}).query("SET idle_session_timeout = 0").send();
    }

    private void ended(ServerConnection gone) {
        around.metrics().serverClosed(gone.target().node(), gone.closeReason().label());
    }

    private void listening(ServerConnection made, List<String> names, Exchange answered) {
        if (answered.error() instanceof ErrorFields error) {
            log.atWarn().addKeyValue("database", database).log("cannot listen: {}", error.message());
            made.close(CloseReason.SERVER_ERROR);
            return;
        }
        ready = true;
        attempts = 0;
        listener.listening(names);
        listener.handOver();
        heartbeatLater(made);
    }

    /// Listens on channels besides.
    ///
    /// @param done told when their LISTENs have been answered
    void listen(Collection<String> names, Runnable done) {
        var on = server;
        if (on == null || names.isEmpty()) return;
        Consumer<Exchange> answered = exchange -> {
            if (exchange.error() != null || on != server) return;
            done.run();
            listener.handOver();
        };
        var exchange = new Exchange(on, answered);
        for (var name : names) exchange.query("LISTEN " + quoted(name));
        exchange.send();
    }

    void unlisten(String name) {
        if (ready && server != null)
            new Exchange(server, _ -> {}).query("UNLISTEN " + quoted(name)).send();
    }

    /// A connection that only listens would not notice that the other side has gone without a word.
    private void heartbeatLater(ServerConnection on) {
        loop.schedule(
                () -> {
                    if (on != server || !on.isOpen()) return;
                    if (on.isAtRest()) new Exchange(on, _ -> {}).query("").send();
                    heartbeatLater(on);
                },
                HEARTBEAT_SECONDS,
                TimeUnit.SECONDS);
    }

    /// A name as SQL writes it; each char is one byte.
    private static String quoted(String name) {
        var bytes = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return "\"" + bytes.replace("\"", "\"\"") + "\"";
    }

    /// The cluster has changed.
    void onTopology() {
        var primary = around.topology().topology().primary();
        boolean changed = primary != null && !primary.equals(lastPrimary);
        lastPrimary = primary;
        if (primary == null || !changed) return;
        attempts = 0;
        if (connecting) generation++;
        connecting = false;
        if (server == null) openNow();
        else if (!server.target().node().equals(primary.name())) server.close(CloseReason.NODE_LOST);
    }

    /// Ends the connection; another one is made if somebody still wants to listen.
    void close(CloseReason why) {
        if (server != null) server.close(why);
    }

    /// Ends the connection for good.
    void shutDown() {
        closed = true;
        close(CloseReason.SHUTDOWN);
    }

    @Override
    public void onLost(CloseReason reason, @Nullable ErrorFields lastWords) {
        server = null;
        if (ready) listener.interrupted();
        ready = false;
        if (attempts == 0) open();
        else openLater();
        listener.handOver();
    }

    @Override
    public boolean onNotification(ByteBuf frame, int start, int end) {
        listener.heard(frame, start, end);
        return false;
    }

    @Override
    public void onReadComplete() {
        listener.handOver();
    }

    // Answers belong to exchanges; what nobody asked for is not looked at.

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
}
