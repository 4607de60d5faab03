package org.pgdrover.frontend.session;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.InitialValues;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.UnsafeEncodings;
import org.pgdrover.routing.RoutingSession;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;

/// One client's session: what of it outlives a transaction, as answers have told.
///
/// Confined to the client's event loop.
public final class ClientSession {
    private static final int MOST_CUSTOM_NAMES = 1_000;

    private final long clientId;
    private final String user;
    private final String database;
    private final RoutingSession routing;
    private final SharedStatements shared;
    private final TrackedSettings settings;
    private final ClientStatements statements = new ClientStatements();
    private final Portals portals = new Portals();
    private final ToldParameters told;
    /// Names of custom parameters that the client has ever set: in its session they exist, also when
    /// that was rolled back.
    private final Set<String> customNames = new LinkedHashSet<>();

    private final OwnNumbers numbers = new OwnNumbers();
    private long thereWhenSent;

    private boolean standardStrings;
    private String encoding;
    private boolean classifiable;
    private Residues kept = Residues.NONE;
    /// Whether the transaction resets the settings whose names nobody knows, if it is not taken back.
    private boolean resetsUnknown;

    /// @param settings that the startup message sets
    /// @param parameters that the client was told when the session began
    public ClientSession(
            long clientId,
            StartupRequest request,
            SessionSettings settings,
            RoutingSession routing,
            SharedStatements shared,
            Map<String, String> parameters) {
        this.clientId = clientId;
        this.user = request.user();
        this.database = request.database();
        this.routing = routing;
        this.shared = shared;
        this.settings = new TrackedSettings(settings, InitialValues.of(parameters, settings.names()));
        this.told = new ToldParameters(parameters);
        this.standardStrings = !"off".equals(parameters.getOrDefault("standard_conforming_strings", "on"));
        this.encoding = parameters.getOrDefault("client_encoding", "UTF8");
        this.classifiable = UnsafeEncodings.isAsciiSafe(encoding);
    }

    public long clientId() {
        return clientId;
    }

    public String user() {
        return user;
    }

    public String database() {
        return database;
    }

    public RoutingSession routing() {
        return routing;
    }

    public TrackedSettings settings() {
        return settings;
    }

    public ClientStatements statements() {
        return statements;
    }

    /// The name that a statement with this definition gets on pooled servers if it is parsed now.
    ///
    /// @param settingsChange whether something is on its way that may change settings
    public SharedStatement share(byte[] definition, boolean settingsChange) {
        var known = knownSettings();
        return settingsChange || known == null
                ? shared.alone()
                : shared.share(database, user, settings.initial(), known, definition);
    }

    /// The settings that the session has now; null if nobody knows all of them.
    public @Nullable SessionSettings knownSettings() {
        return settings.isUnknown() ? null : settings.now();
    }

    /// A statement of the session has been parsed.
    public void parsed(ClientStatement statement) {
        settings.parsed(statement);
    }

    // How its statements are to be read

    public boolean standardStrings() {
        return standardStrings;
    }

    /// The client's encoding, by PostgreSQL's name.
    public String encoding() {
        return encoding;
    }

    /// Whether the client's encoding lets statements be read byte by byte.
    public boolean isClassifiable() {
        return classifiable;
    }

    /// A run-time parameter that servers report has another value now, and the client is told.
    ///
    /// @param inTransaction whether the value is lost if the present transaction is
    public void parameterReported(String name, String value, boolean inTransaction) {
        told.tell(name, value);
        if (!inTransaction) told.outsideTransaction(name);
        switch (name) {
            case "standard_conforming_strings" -> standardStrings = !value.equals("off");
            case "client_encoding" -> {
                encoding = value;
                classifiable = UnsafeEncodings.isAsciiSafe(value);
            }
            default -> settings.reported(name, value);
        }
    }

    /// What the client has been told of reported parameters.
    public ToldParameters told() {
        return told;
    }

    public Portals portals() {
        return portals;
    }

    public void transactionEnded() {
        portals.clear();
        settings.parsed().unsettled(statements::unsettled);
    }

    /// Whether the client has ever set a custom parameter.
    public boolean hasCustomNames() {
        return !customNames.isEmpty();
    }

    /// Whether all these custom parameters exist in the client's session.
    public boolean knows(Set<String> names) {
        var set = settings.committed().names();
        for (var name : names) if (!customNames.contains(name) && !set.contains(name)) return false;
        return true;
    }

    /// Custom parameters that exist in the client's session, and that a server does not know.
    public List<String> unknownTo(ServerConnection server) {
        return customNames.stream()
                .filter(name -> !server.session().customNames().contains(name))
                .toList();
    }

    // What it holds on its server

    /// Why the session keeps its server between transactions; null if nothing that it holds there is
    /// known.
    public @Nullable String pinned() {
        if (!kept.isNone()) return kept.toString();
        if (statements.hasUnkept()) return "a prepared statement too large to keep";
        return statements.hasUnsettled() ? "a prepared statement that was parsed with settings nobody knows" : null;
    }

    /// The server was asked what the session holds there.
    public void holds(Residues found) {
        var lasting = kept.has(Residue.LASTING) ? Residues.of(Residue.LASTING) : Residues.NONE;
        kept = found.and(lasting);
        if (pinned() instanceof String why) routing.pin(why);
        else routing.unpin();
    }

    /// What the session is known to hold on the server that it keeps.
    public Residues held() {
        return kept;
    }

    /// The numbers that it alone may go on with.
    public OwnNumbers numbers() {
        return numbers;
    }

    // What answers tell

    /// A statement of the client has completed.
    ///
    /// @param there number of the statement that was prepared last on the server when this one was sent
    public void completed(QueryClass ran, CommandTag tag, ServerConnection server, long there) {
        thereWhenSent = there;
        switch (ran.transaction()) {
            case COMMIT -> {
                if (tag == CommandTag.COMMIT) commit(server);
                else rollBack(server);
            }
            case ROLLBACK -> rollBack(server);
            case INSIDE -> inside(ran, server);
            case NONE, BEGIN, BEGIN_READ_ONLY -> {}
        }
        apply(ran.session(), server);
    }

    private void inside(QueryClass ran, ServerConnection server) {
        boolean back = ran.statement().equals("ROLLBACK TO");
        if (back) resetsUnknown = false;
        if (!ran.statement().startsWith("SET")) settings.savepoint(back);
        else if (ran.statement().equals("SET LOCAL") && !LocalSettings.areTold(ran.session())) settings.setLocally();
    }

    private void apply(SessionEffect effect, ServerConnection server) {
        switch (effect) {
            case SessionEffect.None _, SessionEffect.Leaves _, SessionEffect.Block _ -> {}
            case SessionEffect.SetParameter(var name, var statement) -> {
                settings.set(name, statement, encoding, standardStrings);
                if (SessionEffect.isCustom(name)) customName(name, server);
            }
            case SessionEffect.SetLocally(var name, var statement) -> {
                if (SessionEffect.isCustom(name)) customName(name, server);
                else if (LocalSettings.areChanged(effect))
                    settings.setLocally(name, statement, encoding, standardStrings);
            }
            case SessionEffect.ResetLocally(var name) -> {
                if (SessionEffect.isCustom(name)) customName(name, server);
                else if (LocalSettings.areChanged(effect)) settings.setLocally();
            }
            case SessionEffect.ResetParameter(var name) -> {
                settings.reset(name);
                if (SessionEffect.isCustom(name)) customName(name, server);
            }
            case SessionEffect.ResetAll _ -> {
                settings.resetAll();
                resetsUnknown = true;
            }
            case SessionEffect.DiscardAll _ -> {
                numbers.sequencesUsed(true, server);
                // Nothing takes it back: PostgreSQL refuses DISCARD ALL in a transaction, and commits at once.
                settings.discardAll();
                server.session().settings(SessionSettings.EMPTY);
                forgetUnknownSettings();
                deallocateAll(server);
            }
            case SessionEffect.DeallocateAll _ -> deallocateAll(server);
            case SessionEffect.Deallocate(var name) -> deallocate(name.getBytes(StandardCharsets.UTF_8), server);
            case SessionEffect.Sets(List<SessionEffect> each) -> {
                for (var one : each) apply(one, server);
            }
        }
    }

    /// A custom parameter exists in the client's session, and on this server.
    public void customName(String name, ServerConnection server) {
        server.session().customNames().add(name);
        if (customNames.size() < MOST_CUSTOM_NAMES) customNames.add(name);
    }

    private void forgetUnknownSettings() {
        resetsUnknown = false;
        if (!kept.has(Residue.SETTINGS)) return;
        kept = kept.without(Residue.SETTINGS);
        if (pinned() == null) routing.unpin();
    }

    private void deallocateAll(ServerConnection server) {
        statements.clear();
        server.session().statements().clearUpTo(thereWhenSent);
    }

    /// DEALLOCATE of a statement that has gone.
    public void deallocate(byte[] name, ServerConnection server) {
        var statement = statements.find(name);
        if (statement == null) return;
        statements.remove(statement);
        server.session().statements().remove(statement);
    }

    public void commit(ServerConnection server) {
        // Servers before version 14 report at once, later ones when the command has completed. A value that RESET
        // has left there is not the client's.
        if (settings.isTouched()
                && !settings.isServerBehind()
                && server.parameters().get("DateStyle") instanceof String style) settings.reported("DateStyle", style);
        settings.commit();
        server.session().settings(settings.onServer());
        if (resetsUnknown) forgetUnknownSettings();
        told.transactionOver();
    }

    /// What a statement had taken away of the startup message's values was set again.
    ///
    /// @param lasting whether that was done in a transaction of its own, so that no rollback takes it back
    public void restored(ServerConnection server, boolean lasting) {
        settings.restored();
        if (lasting) server.session().settings(settings.onServer());
    }

    public void rollBack(ServerConnection server) {
        resetsUnknown = false;
        settings.rollBack(server.session().settings());
        told.transactionOver();
    }
}
