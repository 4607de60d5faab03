package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.simulation.Outcome.Field;

/// What the catalog views of a session tell the proxy, when it asks for what a client has left there.
final class Inspection {
    private static final String BEGINNING = "SET LOCAL statement_timeout = 0; ";
    private static final String TIMEOUT = "SELECT 'setting', s.name, s.setting FROM pg_catalog.pg_settings s"
            + " WHERE s.name OPERATOR(pg_catalog.=) 'statement_timeout' AND s.source OPERATOR(pg_catalog.=) 'session'";
    private static final String NAMED_TIMEOUT =
            "SELECT 'named', 'statement_timeout', pg_catalog.current_setting('statement_timeout', true)";
    private static final String ROLE = "SELECT 'setting', 'role', pg_catalog.current_setting('role')";
    private static final Pattern NAMED =
            Pattern.compile("SELECT 'named', +E?'(.*?)', pg_catalog.current_setting\\(.*, true\\)");
    static final List<Field> FIELDS = List.of(Field.text("text"), Field.text("text"), Field.text("text"));

    private final ModelSession session;
    private final List<List<@Nullable String>> rows = new ArrayList<>();

    private Inspection(ModelSession session) {
        this.session = session;
    }

    /// The statements of the proxy's query; null if the text is another.
    static @Nullable List<Sql> parse(String text) {
        for (var first : List.of(TIMEOUT, NAMED_TIMEOUT)) {
            if (!text.startsWith(first + "; " + BEGINNING)) continue;
            var rest = parse(text.substring(first.length() + 2));
            if (rest == null) return null;
            return List.of(new Sql.Inspect(List.of(first)), rest.getFirst(), rest.getLast());
        }
        if (text.startsWith("SELECT 'asked'")) return List.of(new Sql.Inspect(List.of(text.split(" UNION ALL "))));
        if (!text.startsWith(BEGINNING + "SELECT 'asked'")) return null;
        return List.of(
                new Sql.Set(true, "statement_timeout", "0"),
                new Sql.Inspect(List.of(text.substring(BEGINNING.length()).split(" UNION ALL "))));
    }

    static Outcome run(ModelSession session, Sql.Inspect asked) {
        var inspection = new Inspection(session);
        for (var part : asked.parts()) inspection.add(part);
        return Outcome.rows(FIELDS, inspection.rows, "SELECT " + inspection.rows.size(), null);
    }

    private void row(String kind, @Nullable String name, @Nullable String value) {
        var row = new ArrayList<@Nullable String>();
        row.add(kind);
        row.add(name);
        row.add(value);
        rows.add(row);
    }

    private void add(String part) {
        var state = session.state;
        if (part.startsWith("SELECT 'asked'")) row("asked", null, null);
        else if (part.equals(TIMEOUT)) settings(state, true);
        else if (part.startsWith("SELECT 'setting', s.name, s.setting FROM pg_catalog.pg_settings"))
            settings(state, false);
        else if (part.equals(ROLE)) row("setting", "role", role(state));
        else if (part.startsWith("SELECT 'named'")) named(part);
        else if (part.startsWith("SELECT 'authorization'")) row("authorization", "me", null);
        else if (part.contains("pg_prepared_statements"))
            session.prepared.forEach((name, prepared) -> {
                if (!name.isEmpty()) row(prepared.byStatement() ? "prepared" : "statement", name, null);
            });
        else if (part.contains("pg_cursors"))
            session.portals.forEach((name, portal) -> {
                if (portal.cursor && portal.hold) row("cursors", name, null);
            });
        else if (part.contains("pg_locks")) session.locks.forEach((key, owner) -> row("locks", null, null));
        else if (part.contains("pg_listening_channels"))
            state.listens.forEach((channel, owner) -> row("listens", channel, null));
        else if (part.startsWith("SELECT 'temporary'"))
            state.temporaries.forEach((name, table) -> row("temporary", null, null));
        else if (!part.contains("pg_replication_slots")) throw SqlError.unknown(part);
    }

    private void settings(SessionState state, boolean timeout) {
        var names = new java.util.TreeSet<>(state.values.keySet());
        names.addAll(state.locals.keySet());
        for (var name : names) {
            if (name.contains(".") || name.equals("role") || name.equals("statement_timeout") != timeout) continue;
            row("setting", SessionState.spelling(name), inBaseUnit(name, state.value(name)));
        }
    }

    /// It is in no view.
    private static String role(SessionState state) {
        try {
            return state.value("role");
        } catch (SqlError missing) {
            return "none";
        }
    }

    private static String inBaseUnit(String name, String value) {
        return Map.of("10s", "10000").getOrDefault(name.equals("statement_timeout") ? value : "", value);
    }

    private void named(String part) {
        var found = NAMED.matcher(part);
        if (!found.matches()) throw SqlError.unknown(part);
        var name = found.group(1).toLowerCase(Locale.ROOT);
        try {
            row("named", found.group(1), session.state.value(name));
        } catch (SqlError missing) {
            row("named", found.group(1), null);
        }
    }
}
