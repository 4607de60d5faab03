package org.pgdrover.frontend;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.SharedStatements.SharedStatement;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.routing.RoutingSession;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;

/**
 * What belongs to one client's session and outlives its transactions: settings, prepared statements, and what ties it to a server.
 *
 * <p>Confined to the client's event loop.
 */
final class ClientSession {
    private final ClientConnection client;
    private final FrontendServices services;
    private final String user;
    private final String database;
    private final SessionSettings defaults;
    private final RoutingSession routing;
    private final ClientStatements statements = new ClientStatements();
    private final Map<String, QueryClass> portals = new HashMap<>();

    private SessionSettings settings;
    private boolean standardConformingStrings;
    private boolean asciiSafe;
    private @Nullable String pinned;
    private QueryClass unnamedPortal = QueryClass.UNKNOWN;

    ClientSession(
            ClientConnection client,
            FrontendServices services,
            StartupRequest request,
            Map<String, String> parameters) {
        this.client = client;
        this.services = services;
        this.user = request.user();
        this.database = request.database();
        this.defaults = request.settings();
        this.settings = defaults;
        this.routing = services.backends().router().newSession(database);
        this.standardConformingStrings = !"off".equals(parameters.getOrDefault("standard_conforming_strings", "on"));
        this.asciiSafe = Classification.isAsciiSafe(parameters.getOrDefault("client_encoding", "UTF8"));
    }

    long clientId() {
        return client.id();
    }

    String user() {
        return user;
    }

    String database() {
        return database;
    }

    SessionSettings settings() {
        return settings;
    }

    ClientStatements statements() {
        return statements;
    }

    /** The name and definition that clients of the same database and user share for a statement. */
    SharedStatement share(byte[] definition) {
        return services.statements().share(database, user, definition);
    }

    RoutingSession routing() {
        return routing;
    }

    boolean standardConformingStrings() {
        return standardConformingStrings;
    }

    /** Whether the client's encoding lets statements be read byte by byte. */
    boolean isClassifiable() {
        return asciiSafe;
    }

    void parameterChanged(String name, String value) {
        switch (name) {
            case "standard_conforming_strings" -> standardConformingStrings = !value.equals("off");
            case "client_encoding" -> asciiSafe = Classification.isAsciiSafe(value);
            default -> {}
        }
    }

    /** Why the session holds to its server connection, or null if it does not. */
    @Nullable
    String pinned() {
        return pinned;
    }

    void pin(String why) {
        if (pinned != null) return;
        pinned = why;
        routing.pin(why);
    }

    private void unpin() {
        pinned = null;
        routing.unpin();
    }

    // Portals live as long as their transaction; what they run must be known when they are executed.

    void portal(String name, QueryClass runs) {
        if (name.isEmpty()) unnamedPortal = runs;
        else portals.put(name, runs);
    }

    QueryClass portal(String name) {
        return name.isEmpty() ? unnamedPortal : portals.getOrDefault(name, QueryClass.UNKNOWN);
    }

    void transactionEnded() {
        if (!portals.isEmpty()) portals.clear();
    }

    /**
     * A statement succeeded and its batch is over: what it leaves behind in the session is noted.
     *
     * @param status where that left the transaction
     */
    void apply(QueryClass ran, ServerConnection server, TransactionStatus status) {
        switch (ran.session()) {
            case SessionEffect.None ignored -> {}
            case SessionEffect.SetParameter(var name, var statement) -> {
                if (status != TransactionStatus.IDLE) {
                    pin("SET inside a transaction");
                    return;
                }
                settings = with(settings, name, statement, server);
                server.settings(with(server.settings(), name, statement, server));
            }
            case SessionEffect.ResetParameter(var name) -> {
                if (status != TransactionStatus.IDLE) {
                    pin("RESET inside a transaction");
                    return;
                }
                settings = settings.withDefaultOf(name, defaults);
                server.settings(server.settings().withDefaultOf(name, SessionSettings.EMPTY));
            }
            case SessionEffect.ResetAll ignored -> {
                settings = defaults;
                server.settings(SessionSettings.EMPTY);
            }
            case SessionEffect.DiscardAll ignored -> {
                settings = defaults;
                server.settings(SessionSettings.EMPTY);
                deallocateAll(server);
                unpin();
            }
            case SessionEffect.DeallocateAll ignored -> deallocateAll(server);
            case SessionEffect.Deallocate(var name) -> deallocate(name, server);
            case SessionEffect.Sets(var each) -> pin("SET SESSION CHARACTERISTICS");
            case SessionEffect.Leaves(var may, var names) -> {
                if (pins(ran, may, names.isEmpty())) pin(ran.statement());
            }
        }
    }

    private static boolean pins(QueryClass ran, Residues may, boolean noNames) {
        if (ran == QueryClass.UNKNOWN
                || ran.statement().equals("DO")
                || ran.statement().equals("EXECUTE")) return false;
        return !noNames || (!may.isNone() && !ran.statement().startsWith("DROP"));
    }

    /** SET datestyle changes style or order and leaves the other: what has come of it is carried along, as the server reports it. */
    private static SessionSettings with(SessionSettings old, String name, String statement, ServerConnection server) {
        var reported = name.equals("datestyle") ? server.parameters().get("DateStyle") : null;
        return reported == null ? old.withStatement(name, statement) : old.withValue(name, reported);
    }

    private void deallocateAll(ServerConnection server) {
        statements.clear();
        server.statements().clear();
        server.unnamedStatement(null);
    }

    private void deallocate(String name, ServerConnection server) {
        var statement = statements.find(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        if (statement == null) return;
        statements.remove(statement);
        server.statements().remove(statement);
    }
}
