package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerStatements.Prepared;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;

/// Asks a server what a transaction has left in its session. It does so where the text and the catalog
/// could not tell.
///
/// One query, of the kinds of state in doubt only. What it finds is what the session holds there; what
/// it does not find is proved absent.
final class SessionInspection {
    private static final Set<String> OF_THE_SESSION_ITSELF = Set.of(
            "transaction_isolation",
            "transaction_read_only",
            "transaction_deferrable",
            "session_authorization",
            "seed");

    private static final String TIMEOUT = "statement_timeout";

    private final ServerLease lease;
    private final Residues inDoubt;
    private final Set<String> names = new LinkedHashSet<>();
    private final boolean allSettings;
    private final boolean timeout;

    SessionInspection(Relay relay, ServerLease lease) {
        var settings = relay.session().settings();
        this.lease = lease;
        this.inDoubt = lease.doubts().may();
        this.allSettings = inDoubt.has(Residue.SETTINGS);
        names.addAll(lease.doubts().settings());
        names.addAll(settings.inDoubt());
        // Custom parameters are in no view: those that are known are asked for by name.
        this.timeout = names.removeIf(name -> name.equalsIgnoreCase(TIMEOUT));
        // SET SESSION AUTHORIZATION takes the role back, too.
        if (allSettings || inDoubt.has(Residue.AUTHORIZATION)) names.add("role");
        if (allSettings)
            for (var name : settings.committed().names()) if (SessionEffect.isCustom(name)) names.add(name);
    }

    /// The query; each char is one byte.
    String query() {
        // The client's own statement_timeout is read before it is set aside.
        var prefix = "";
        if (allSettings)
            prefix = "SELECT 'setting', s.name, s.setting FROM pg_catalog.pg_settings s WHERE s.name"
                    + " OPERATOR(pg_catalog.=) 'statement_timeout' AND s.source OPERATOR(pg_catalog.=) 'session'; ";
        else if (timeout) prefix = named(TIMEOUT) + "; ";
        var parts = new StringJoiner(" UNION ALL ", prefix + "SET LOCAL statement_timeout = 0; ", "");
        parts.add("SELECT 'asked'::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text");
        if (allSettings)
            parts.add("SELECT 'setting', s.name, s.setting FROM pg_catalog.pg_settings s"
                    + " WHERE s.source OPERATOR(pg_catalog.=) 'session'"
                    + " AND s.name OPERATOR(pg_catalog.<>) 'statement_timeout'");
        for (var name : names) parts.add(named(name));
        if (inDoubt.has(Residue.AUTHORIZATION))
            parts.add("SELECT 'authorization', session_user::pg_catalog.text, NULL");
        if (inDoubt.has(Residue.PREPARED))
            parts.add("SELECT CASE WHEN p.from_sql THEN 'prepared' ELSE 'statement' END, p.name, NULL"
                    + " FROM pg_catalog.pg_prepared_statements p");
        if (inDoubt.has(Residue.CURSORS))
            parts.add("SELECT 'cursors', c.name, NULL FROM pg_catalog.pg_cursors c WHERE c.is_holdable");
        if (inDoubt.has(Residue.LOCKS))
            parts.add("SELECT 'locks', NULL, NULL FROM pg_catalog.pg_locks l WHERE l.locktype OPERATOR(pg_catalog.=)"
                    + " 'advisory' AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()");
        if (inDoubt.has(Residue.LISTENS))
            parts.add("SELECT 'listens', c, NULL FROM pg_catalog.pg_listening_channels() c");
        if (inDoubt.has(Residue.TEMPORARY)) addTemporary(parts);
        if (inDoubt.has(Residue.LASTING))
            parts.add("SELECT 'slot', s.slot_name::pg_catalog.text, NULL FROM pg_catalog.pg_replication_slots s WHERE"
                    + " s.temporary AND s.active_pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()");
        return parts.toString();
    }

    private static String named(String name) {
        return "SELECT 'named', " + literal(name) + ", pg_catalog.current_setting(" + literal(name) + ", true)";
    }

    /// Whatever is temporary depends on its schema: so DISCARD TEMP finds it, too.
    private static void addTemporary(StringJoiner parts) {
        parts.add("SELECT 'temporary', NULL, NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_depend d"
                + " WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass"
                + " AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())");
    }

    private static String literal(String text) {
        var bytes = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        var quoted = "'" + bytes.replace("'", "''") + "'";
        return bytes.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    /// Notes what the rows tell: the settings, the statements that have gone, and what ties the session
    /// to its server.
    ///
    /// @return false if they are no answer to what was asked: then nothing is known
    boolean learn(Relay relay, List<@Nullable String[]> rows) {
        var session = relay.session();
        var found = Residues.NONE;
        var statements = new HashSet<String>();
        var settings = allSettings ? SessionSettings.EMPTY : session.settings().committed();
        if (rows.isEmpty() || rows.getFirst().length != 3) return false;
        for (var row : rows) {
            var name = row[1] == null ? "" : row[1];
            switch (String.valueOf(row[0])) {
                case "setting" -> settings = setting(relay, settings, name, row[2]);
                case "named" -> {
                    settings = named(relay, settings, name, row[2]);
                    if (row[2] != null && SessionEffect.isCustom(name)) session.customName(name, lease.server());
                }
                case "authorization" -> {
                    if (!name.equals(session.user())) found = found.and(Residues.of(Residue.AUTHORIZATION));
                }
                case "prepared" -> found = found.and(Residues.of(Residue.PREPARED));
                case "statement" -> statements.add(name);
                case "cursors" -> found = found.and(Residues.of(Residue.CURSORS));
                case "locks" -> found = found.and(Residues.of(Residue.LOCKS));
                case "listens" -> {
                    if (!relay.listening().shown().isOn(lease, channel(relay, name)))
                        found = found.and(Residues.of(Residue.LISTENS));
                }
                case "slot" -> found = found.and(Residues.of(Residue.LASTING));
                case "temporary" -> found = found.and(Residues.of(Residue.TEMPORARY));
                default -> {}
            }
        }
        // Custom parameters are in no view: where some may have been set, the session keeps its server until it
        // resets all of them.
        if (lease.doubts().hasChangedSettings() || session.held().has(Residue.SETTINGS))
            found = found.and(Residues.of(Residue.SETTINGS));
        if (session.numbers().usesSequences()) found = found.and(Residues.of(Residue.SEQUENCES));
        if (inDoubt.has(Residue.PREPARED)) forgetGone(relay, statements);
        // Where anything may have happened, the server was asked for all that it can tell; something lasting that is
        // known to have been done ties the session to it.
        if (inDoubt.has(Residue.LASTING) && !inDoubt.isAll()) found = found.and(Residues.of(Residue.LASTING));
        else if (inDoubt.isAll()) session.numbers().maySetSeed(lease.server());
        if (allSettings || timeout || !names.isEmpty()) {
            session.settings().learnt(settings, allSettings);
            lease.server().session().settings(settings);
        }
        session.holds(found.and(stillHeld(session.held())));
        return true;
    }

    private static String channel(Relay relay, String bytes) {
        return ClientEncoding.text(relay.session().encoding(), bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// What the session was known to hold and was not asked for.
    private Residues stillHeld(Residues held) {
        var still = Residues.NONE;
        for (var one : Residue.values()) if (held.has(one) && !inDoubt.has(one)) still = still.and(Residues.of(one));
        return still;
    }

    /// With a setting that the server has told of, as pg_settings writes it.
    static SessionSettings setting(Relay relay, SessionSettings settings, String written, @Nullable String value) {
        var name = written.toLowerCase(Locale.ROOT);
        if (value == null || OF_THE_SESSION_ITSELF.contains(name)) return settings;
        if (name.equals("role") && value.equals("none")) return settings;
        return settings.withBytes(name, value, relay.session().encoding());
    }

    private SessionSettings named(Relay relay, SessionSettings settings, String name, @Nullable String value) {
        if (value == null || name.equals("role") && value.equals("none") || isInitial(relay, name, value))
            return settings.withDefaultOf(name, SessionSettings.EMPTY);
        // A custom parameter that was set once and rolled back is there, and empty.
        boolean unset = value.isEmpty()
                && SessionEffect.isCustom(name)
                && !settings.names().contains(name);
        if (unset) return settings;
        return settings.withBytes(name, value, relay.session().encoding());
    }

    /// Whether it is what the server has where nothing is set, and the client's startup message has set nothing else.
    private boolean isInitial(Relay relay, String name, String value) {
        return !relay.session().settings().defaults().contains(name)
                && lease.server().session().initial().has(name, value);
    }

    /// Statements of the protocol that a function or a DO block has deallocated are the client's no more
    /// either.
    private void forgetGone(Relay relay, Set<String> there) {
        var server = lease.server();
        var gone = new HashSet<>();
        for (var each : server.session().statements().all())
            if (!there.contains(new String(each.name(), StandardCharsets.ISO_8859_1))) gone.add(each.key());
        for (var key : gone) {
            var removed = server.session().statements().remove(key);
            if (removed != null) forget(relay, removed);
        }
    }

    private static void forget(Relay relay, Prepared gone) {
        var statements = relay.session().statements();
        for (ClientStatement each : statements.named())
            if (each == gone.key() || each.shared() == gone.key()) statements.remove(each);
    }
}
