package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/// Conversations that take away what the startup message has set, and go on at once.
final class ResetConversations {
    private static final Step LOOK = ask(query("SHOW search_path; SHOW TimeZone; SHOW app.tenant; SHOW work_mem"));

    private final Script script;
    private final String schema;

    ResetConversations(Script script) {
        this.script = script;
        this.schema = Objects.requireNonNull(script.startup().get("search_path"));
    }

    void write() {
        ofSnapshots();
        ofTransactions();
        ofTexts();
        ofOneTransaction();
    }

    /// The values of the startup message are those that a session has begun with.
    private void ofOneTransaction() {
        for (var reset : List.of(
                "SET LOCAL TimeZone TO DEFAULT",
                "SET LOCAL TIME ZONE LOCAL",
                "SET LOCAL SCHEMA DEFAULT",
                "SET LOCAL app.tenant = DEFAULT")) {
            var set = "SET TimeZone = 'Asia/Seoul'; SET search_path = pg_catalog; SET app.tenant = 'other'";
            alone(
                    reset,
                    ask(query(set)),
                    ask(query("BEGIN")),
                    ask(query(reset)),
                    LOOK,
                    ask(query("SELECT timestamptz '2024-01-01 05:00+00', count(*) FROM t")),
                    ask(query("COMMIT")));
            alone(
                    reset + " in one string",
                    ask(query(set)),
                    ask(query("BEGIN; SAVEPOINT a; " + reset + "; SHOW TimeZone; SHOW app.tenant; SHOW search_path")),
                    LOOK,
                    ask(query("ROLLBACK TO a; SELECT 1; " + reset)),
                    LOOK,
                    ask(query("SELECT 1/0")),
                    ask(query("ROLLBACK")));
            alone(
                    reset + " in one pipeline",
                    ask(query(set)),
                    pipeline("BEGIN", reset, "SHOW TimeZone", "SHOW app.tenant", "SHOW search_path"),
                    LOOK,
                    ask(query("COMMIT")));
            alone(
                    reset + " outside of a transaction",
                    ask(query(set)),
                    ask(query(reset)),
                    LOOK,
                    ask(query(reset + "; SHOW TimeZone; SHOW app.tenant; SHOW search_path")));
        }
    }

    private Map<String, String> startup(String tenant, String path) {
        return Map.of("search_path", path, "TimeZone", "Asia/Tokyo", "app.tenant", tenant);
    }

    private void alone(String name, Step... steps) {
        script.alone(
                name,
                startup("mine", schema),
                Stream.concat(Stream.of(steps), Stream.of(LOOK)).toArray(Step[]::new));
    }

    /// Nothing of the proxy's own may take a snapshot: SET TRANSACTION could not follow.
    private void ofSnapshots() {
        for (var reset : List.of("RESET ALL", "RESET search_path")) {
            alone(
                    reset + " before SET TRANSACTION",
                    ask(query("BEGIN")),
                    ask(query(reset)),
                    ask(query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")),
                    ask(query("COMMIT")));
            alone(
                    reset + " before SET TRANSACTION in one string",
                    ask(query("BEGIN; " + reset + "; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT")));
            alone(
                    reset + " before SET TRANSACTION in one pipeline",
                    pipeline("BEGIN", reset, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "COMMIT"));
        }
    }

    private void ofTransactions() {
        alone(
                "DISCARD ALL and BEGIN in one pipeline, rolled back",
                pipeline("DISCARD ALL", "BEGIN"),
                ask(query("SELECT 1/0")),
                ask(query("ROLLBACK")));
        alone(
                "the portal of RESET ALL is run again",
                ask(query("BEGIN")),
                ask(run("RESET ALL")),
                ask(execute("", 0), sync()),
                ask(query("ROLLBACK")));
        alone("DISCARD ALL and VACUUM in one pipeline", pipeline("DISCARD ALL", "VACUUM t"));
        alone("DISCARD ALL and an error in one pipeline", pipeline("DISCARD ALL", "SELECT 1/0", "SELECT 1"));
        alone("DISCARD ALL behind a statement in one pipeline", pipeline("SELECT 1", "DISCARD ALL", "SELECT 2"));
        alone(
                "RESET ALL and an error in one pipeline",
                ask(query("SET work_mem = '9MB'; SET app.tenant = 'other'")),
                pipeline("RESET ALL", "SELECT 1/0"));
        alone(
                "RESET ALL and BEGIN in one pipeline, rolled back",
                ask(query("SET work_mem = '9MB'; SET app.tenant = 'other'")),
                pipeline("RESET ALL", "BEGIN"),
                ask(query("ROLLBACK")));
        alone(
                "RESET ALL rolled back to a savepoint in one string",
                ask(query("SET work_mem = '9MB'; SET app.tenant = 'other'")),
                ask(query("BEGIN; SAVEPOINT a; RESET ALL; ROLLBACK TO a; COMMIT")));
        alone(
                "RESET ALL rolled back to a savepoint",
                ask(query("SET work_mem = '9MB'; SET app.tenant = 'other'")),
                ask(query("BEGIN; SAVEPOINT a")),
                ask(query("RESET ALL")),
                ask(query("ROLLBACK TO a")),
                ask(query("COMMIT")));
        alone(
                "RESET ALL rolled back to a savepoint in one pipeline",
                ask(query("SET work_mem = '9MB'; SET app.tenant = 'other'")),
                pipeline("BEGIN", "SAVEPOINT a", "RESET ALL", "ROLLBACK TO a", "COMMIT"));
        for (var role : List.of("SET ROLE other", "DO $$ BEGIN SET ROLE other; END $$", "SELECT f_role()"))
            alone(
                    "RESET ALL behind " + role,
                    ask(query(role)),
                    ask(query("SELECT current_user = session_user")),
                    ask(query("RESET ALL")),
                    ask(query("SELECT current_user = session_user")),
                    ask(query("BEGIN; SELECT current_user = session_user; COMMIT")),
                    ask(query("RESET ROLE")),
                    ask(query("SELECT current_user = session_user")));
        alone(
                "RESET ALL twice in one pipeline, and an error between",
                pipeline("RESET ALL", "SELECT 1/0", "RESET ALL"),
                pipeline("RESET ALL", "RESET ALL", "SELECT 1"));
    }

    private void ofTexts() {
        alone(
                "RESET ALL behind text that is not ASCII",
                ask(query("SELECT 'Zürich'; RESET ALL; SELECT count(*) FROM t")));
        alone(
                "the position of an error behind RESET ALL",
                ask(query("SELECT 'Zürich'; RESET ALL; SELECT count(*) FROM t, nowhere")),
                ask(query("RESET ALL; RESET work_mem; SELECT 'Zürich', nowhere FROM t")));
        alone(
                "the position of an error behind RESET ALL in LATIN1",
                ask(query("SET client_encoding = 'LATIN1'")),
                ask(query("SELECT 'Zürich'; RESET search_path; SELECT count(*) FROM t, nowhere")));
        alone(
                "the position of a warning behind RESET",
                ask(query("SET standard_conforming_strings = off")),
                ask(query("RESET search_path; SELECT 'a\\\\b'")));
        var paths = List.of(
                "\"$user\", " + schema + ", shared",
                "\"A b\"\"c\"," + schema,
                "  " + schema + "  ,shared ",
                schema.toUpperCase(Locale.ROOT),
                "",
                "'quoted'," + schema);
        for (var path : paths) {
            script.alone(
                    "RESET of the search_path " + path,
                    startup("o'clock \\ Zürich", path),
                    LOOK,
                    ask(query("RESET ALL")),
                    LOOK,
                    ask(query("RESET ALL; SELECT current_schemas(false), current_setting('app.tenant')")),
                    ask(run("RESET search_path")),
                    LOOK);
        }
    }
}
