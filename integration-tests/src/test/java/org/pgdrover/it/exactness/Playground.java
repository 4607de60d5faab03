package org.pgdrover.it.exactness;

import java.io.Closeable;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;

/// The schemas of one pool's clients, the same in the database that is asked directly and in the one
/// behind the proxy.
final class Playground implements Closeable {
    private static final int MAX_ACTORS = 3;
    private static final int PATIENCE = 30_000;
    private static final Pattern CHANGES = Pattern.compile(
            "INSERT|UPDATE|DELETE|COPY t |nextval|setval|made|f_write|v_write|pr_commit| characters\\)");
    private static final Pattern MIGRATIONS = Pattern.compile("migrated| characters\\)");
    private static final String RESET = Vocabulary.text("reset.sql");
    private static final String MIGRATED = Vocabulary.text("migrated.sql");

    private final Rig rig;
    private final String user;
    private final String schemas;
    private final @Nullable Pattern known;
    private final BitSet changed = new BitSet();
    private final BitSet migrated = new BitSet();
    private final List<WireClient> databases = new ArrayList<>();
    private final List<WireClient> nodes = new ArrayList<>();

    Playground(Rig rig, String user, String schemas, @Nullable Pattern known) throws IOException {
        this.rig = rig;
        this.known = known;
        this.user = user;
        this.schemas = schemas;
        for (var database : new String[] {Rig.DIRECT, Rig.PROXIED})
            databases.add(superuser(rig.directPort(), database));
        for (var node : rig.nodes()) nodes.add(superuser(node.port(), "postgres"));
    }

    private void distrust() {
        changed.set(0, MAX_ACTORS);
        migrated.set(0, MAX_ACTORS);
    }

    private static WireClient superuser(int port, String database) throws IOException {
        return WireClient.ready(port, Map.of("user", EmbeddedCluster.SUPERUSER, "database", database));
    }

    /// Makes what all playgrounds share.
    static void prepare(EmbeddedNode primary, List<String> schemas) throws SQLException {
        for (var database : new String[] {Rig.DIRECT, Rig.PROXIED}) {
            primary.sql(database, """
                    -- Nobody makes anything where all workers would find it.
                    ALTER SCHEMA public OWNER TO CURRENT_USER;
                    CREATE SCHEMA shared;
                    CREATE TABLE shared.ref (at timestamp with time zone, t text);
                    INSERT INTO shared.ref SELECT timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', 'r' || i
                    FROM generate_series(0, 9) i;
                    CREATE TABLE shared.same (n int);
                    INSERT INTO shared.same VALUES (-1);
                    GRANT USAGE ON SCHEMA shared TO public;
                    GRANT SELECT ON ALL TABLES IN SCHEMA shared TO public;
                    """);
            for (var schema : schemas)
                for (int i = 0; i < MAX_ACTORS; i++)
                    primary.sql(
                            database,
                            Vocabulary.text("schema.sql")
                                    .replace("${s}", schema + i)
                                    .replace("${number}", "" + i));
        }
    }

    /// Puts the data back to what they were for those clients who may have changed them; returns when
    /// the standbys show it.
    void reset(Scenario scenario) throws IOException {
        var sql = new StringBuilder();
        for (int i = 0; i < scenario.actors().size(); i++) {
            if (changed.get(i)) sql.append(RESET.replace("${s}", schemas + i)).append("RESET ROLE;");
            if (migrated.get(i))
                sql.append(MIGRATED.replace("${s}", schemas + i)).append("RESET ROLE;");
            changed.set(i, mentions(scenario, i, CHANGES));
            migrated.set(i, mentions(scenario, i, MIGRATIONS));
        }
        if (!sql.isEmpty()) run(databases, sql.toString());
    }

    private static boolean mentions(Scenario scenario, int actor, Pattern words) {
        return scenario.stepsOf(actor).stream()
                .anyMatch(step -> words.matcher(step.toString()).find());
    }

    /// Ends the pool's server connections, so that nothing of the past is left in them; not the listener
    /// that all pools of the database share.
    void purge() throws IOException {
        distrust();
        run(
                nodes,
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = '" + Rig.PROXIED
                        + "' AND usename = '" + user + "' AND application_name <> 'pgdrover listener'");
    }

    private static void run(List<WireClient> everywhere, String sql) throws IOException {
        for (var one : everywhere) one.send(Sent.query(sql));
        for (var one : everywhere) {
            String error = "";
            for (var answer = one.require(PATIENCE); answer.type() != 'Z'; answer = one.require(PATIENCE))
                if (answer.type() == 'E') error = answer.fields().toString();
            if (!error.isEmpty()) throw new IOException("cannot prepare the next conversation: " + error);
        }
    }

    /// @param patience milliseconds without an answer after which none is expected any more
    /// @param turn most milliseconds that a client has for its turn before another one takes the next
    ScenarioRunner runner(int patience, int turn) {
        return new ScenarioRunner(rig, user, known, patience, turn);
    }

    @Override
    public void close() throws IOException {
        for (var one : databases) one.close();
        for (var one : nodes) one.close();
    }
}
