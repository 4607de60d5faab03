package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.cluster.Node;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

@Timeout(60)
class RouterTest {
    private final TwoStandbys cluster = new TwoStandbys();
    private final Catalogs.Worker worker = new Catalogs.Worker();
    private DatabaseCatalog catalog = Catalogs.SMALL;
    private final FunctionCatalog catalogs = new FunctionCatalog(_ -> catalog, worker, worker::now);
    private Router router = router(Consistency.SESSION);
    private RoutingSession session = router.newSession("db", "me");
    /// A text that comes again is the same to the router, which remembers what it has judged.
    private final Map<String, QueryClass> classes = new HashMap<>();

    private Router router(Consistency consistency) {
        var config = new RoutingConfig(
                true,
                PrimaryReads.WHEN_NO_STANDBY,
                consistency,
                Duration.ofSeconds(10),
                List.of("public.declared"),
                List.of("f_writes"),
                List.of());
        return new Router(config, cluster, catalogs, worker::now, _ -> 0);
    }

    @BeforeEach
    void read() {
        catalogs.prepare("db");
        worker.passes(1, TimeUnit.SECONDS);
        for (int i = 0; i < 3; i++) cluster.position(i, 100);
        cluster.sample(worker.now() + 1, 100);
        worker.passes(1, TimeUnit.SECONDS);
    }

    private RoutingReason reason(String sql) {
        return router.route(Catalogs.batch(sql), session).reason();
    }

    private Node node(String sql) {
        return router.route(Catalogs.batch(sql), session) instanceof RoutingDecision.ToStandby(var node, var _)
                ? node
                : cluster.node(cluster.primary());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT 1 | READ",
                "SELECT abs(1), public.f(2) FROM t, pg_catalog.pg_class | READ",
                "SELECT public.declared() FROM t | READ",
                "BEGIN READ ONLY | READ_ONLY_TRANSACTION",
                "BEGIN | TRANSACTION",
                "SELECT nextval('s') | VOLATILE_FUNCTION",
                "SELECT locks() | HARMFUL_FUNCTION",
                "SELECT search('x') | VOLATILE_FUNCTION",
                "SELECT abs(1) FILTER (WHERE true), abs(1) OVER (PARTITION BY (a)) FROM t | READ",
                "SELECT a FROM t GROUP BY ROLLUP (a) FETCH FIRST (1) ROWS ONLY | READ",
                "SELECT missing() | UNKNOWN_FUNCTION",
                "SELECT f_writes() | WRITE_FUNCTION",
                "SELECT * FROM missing | UNKNOWN_RELATION",
                "SELECT * FROM s.t | UNKNOWN_RELATION",
                "SELECT * FROM unlogged | LOCAL_RELATION",
                "SELECT (SELECT max(a) FROM (SELECT * FROM unlogged) x) | UNKNOWN_FUNCTION",
                "INSERT INTO t VALUES (1) | WRITE",
                "SET work_mem = 1 | SESSION"
            })
    void routesByProof(String sql, RoutingReason reason) {
        assertThat(reason(sql)).isEqualTo(reason);
    }

    /// By the first statement of a transaction that was begun READ ONLY.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT * FROM t | READ_ONLY_TRANSACTION",
                "SET LOCAL work_mem = '8MB' | READ_ONLY_TRANSACTION",
                "SET LOCAL app.user = 'a' | READ_ONLY_TRANSACTION",
                "SAVEPOINT a | READ_ONLY_TRANSACTION",
                "DECLARE c CURSOR FOR SELECT * FROM t | READ_ONLY_TRANSACTION",
                "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t | WRITE",
                "DECLARE c CURSOR FOR SELECT * FROM t FOR UPDATE | WRITE",
                "SELECT locks() | HARMFUL_FUNCTION",
                "SET TRANSACTION READ WRITE | TRANSACTION",
                "SET TRANSACTION SNAPSHOT 'x' | TRANSACTION",
                "SET LOCAL transaction_read_only = off | TRANSACTION",
                "SET default_transaction_read_only = off | SESSION",
                "LISTEN a | WRITE"
            })
    void routesAReadOnlyTransactionByItsFirstStatement(String sql, RoutingReason reason) {
        assertThat(router.routeTransaction(true, Catalogs.batch(sql), session).reason())
                .isEqualTo(reason);
        assertThat(router.routeTransaction(false, Catalogs.batch(sql), session).reason())
                .isEqualTo(RoutingReason.TRANSACTION);
    }

    @Test
    void knowsWhatIsAReadInsideATransaction() {
        assertThat(router.areReads(Catalogs.batch("SELECT * FROM t"), session)).isTrue();
        assertThat(router.areReads(Catalogs.batch("SELECT locks()"), session)).isFalse();
        assertThat(router.areReads(Catalogs.batch("UPDATE t SET a = 1"), session))
                .isFalse();
    }

    @Test
    void readsNothingNamedWhileTheCatalogIsNotRead() {
        session = router.newSession("other", "me");

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.CATALOG_NOT_READ);
        assertThat(reason("SELECT abs(1)")).isEqualTo(RoutingReason.CATALOG_NOT_READ);
        assertThat(reason("SELECT 1")).isEqualTo(RoutingReason.READ);
    }

    @Test
    void readsOnThePrimaryWhatOperatorsMayHide() {
        catalog = new DatabaseCatalog.Builder()
                .function("pg_catalog", "abs", FunctionFacts.STEADY)
                .database(new DatabaseCatalog.Database(
                        false, Residues.of(Residue.LOCKS), Residues.NONE, Residues.NONE, false, false, false))
                .build();
        catalogs.refresh("db");
        worker.passes(1, TimeUnit.SECONDS);

        assertThat(reason("SELECT abs(1)")).isEqualTo(RoutingReason.HIDDEN_FUNCTION);
        assertThat(residues("SELECT 1")).isEqualTo(Residues.of(Residue.LOCKS));
    }

    // What a statement leaves

    /// Which commands event triggers see: PostgreSQL manual, Event Trigger Firing Matrix.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE n (a int)",
                "GRANT SELECT ON t TO public",
                "REVOKE ALL ON t FROM public",
                "REFRESH MATERIALIZED VIEW t",
                "REINDEX TABLE t",
                "COMMENT ON TABLE t IS 'x'",
                "SECURITY LABEL ON TABLE t IS 'x'",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public",
                "IMPORT FOREIGN SCHEMA s FROM SERVER o INTO p",
                "REASSIGN OWNED BY a TO b",
                "DROP OWNED BY a"
            })
    void knowsThatEventTriggersSeeMoreThanDefinitions(String sql) {
        var locks = Residues.of(Residue.LOCKS);
        know(new DatabaseCatalog.Database(true, Residues.NONE, locks, Residues.NONE, true, false, false));

        assertThat(residues(sql)).isEqualTo(locks);
        assertThat(router.usesSequences(Catalogs.classify(sql), session)).isTrue();
        assertThat(residues("VACUUM t")).isEqualTo(Residues.NONE);
    }

    private void know(DatabaseCatalog.Database database) {
        catalog = new DatabaseCatalog.Builder()
                .function("pg_catalog", "abs", FunctionFacts.STEADY)
                .relation("public", "t", RelationFacts.PLAIN)
                .database(database)
                .build();
        catalogs.refresh("db");
        worker.passes(1, TimeUnit.SECONDS);
    }

    @Test
    void knowsThatATruncateWhichCascadesMayReachAnyTable() {
        var locks = Residues.of(Residue.LOCKS);
        know(new DatabaseCatalog.Database(true, Residues.NONE, Residues.NONE, locks, false, false, false));

        assertThat(residues("TRUNCATE t")).isEqualTo(Residues.NONE);
        assertThat(residues("TRUNCATE t RESTART IDENTITY CASCADE")).isEqualTo(locks);
        assertThat(router.usesSequences(Catalogs.classify("TRUNCATE t CASCADE"), session))
                .isTrue();
    }

    private Residues residues(String sql) {
        return router.residues(classes.computeIfAbsent(sql, Catalogs::classify), session);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT 1 | nothing",
                "SELECT f(1) FROM t | nothing",
                "INSERT INTO t SELECT abs(1) FROM u | nothing",
                "INSERT INTO triggered VALUES (1) | settings",
                "SELECT * FROM triggered | nothing",
                "COPY triggered FROM STDIN | settings",
                "SELECT locks(), lastval() | locks, sequences",
                "SELECT set_config('a', 'b', false) | nothing",
                "SELECT set_config($1, 'b', false) | settings",
                "SELECT public.declared() | nothing",
                "BEGIN | nothing",
                "CREATE TABLE n (a int) | nothing",
                "CREATE TABLE n AS SELECT locks() FROM t | locks",
                "CREATE INDEX ON t (f(a)) | nothing",
                "ALTER TABLE t ADD COLUMN a int DEFAULT f(1) | nothing",
                "SELECT 1; LISTEN a; SELECT locks() | locks, listens"
            })
    void knowsWhatAStatementMayLeave(String sql, String residues) {
        var known = new DatabaseCatalog.Builder();
        known.function("pg_catalog", "lastval", new FunctionFacts(true, true, Residues.of(Residue.SEQUENCES)));
        assertThat(residues(sql.replace(", lastval()", "")).toString()).isEqualTo(residues.replace(", sequences", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT nextval('s')",
                "UPDATE t SET a = nextval('s')",
                "INSERT INTO numbered VALUES (1)",
                "COPY numbered FROM STDIN",
                "SELECT 1; INSERT INTO numbered VALUES (1)",
                "INSERT INTO missing VALUES (1)",
                "SELECT missing()",
                "DISCARD SEQUENCES",
                "ALTER TABLE t ADD COLUMN a serial",
                "DO 'x'",
                "not understood"
            })
    void knowsWhatMayUseSequences(String sql) {
        assertThat(router.usesSequences(Catalogs.classify(sql), session)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT f(1) FROM t",
                "INSERT INTO t SELECT abs(1) FROM u",
                "UPDATE t SET a = f(1); DELETE FROM u",
                "BEGIN",
                "COMMIT",
                "SET a.b = 'c'",
                "LISTEN a"
            })
    void knowsWhatUsesNoSequences(String sql) {
        assertThat(router.usesSequences(Catalogs.classify(sql), session)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT missing()",
                "INSERT INTO missing VALUES (1)",
                "CALL missing()",
                "DO 'x'",
                "EXECUTE p",
                "FOO",
                "SELECT 1; EXECUTE p"
            })
    void expectsAnythingOfWhatIsNotKnown(String sql) {
        assertThat(residues(sql)).isEqualTo(Residues.ALL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT sets_by_text('x')",
                "SELECT * FROM view_sets",
                "INSERT INTO triggered_by_text VALUES (1)",
                "COPY triggered_by_text FROM STDIN",
                "SELECT 1; CALL sets_by_text('x')",
                "SELECT missing(), set_config($1, 'x', false)"
            })
    void knowsWhatSetsParametersAmongAnything(String sql) {
        assertThat(residues(sql)).isEqualTo(Residues.ALL_AND_SETS);
    }

    @Test
    void doesNotTakeReadingForChanging() {
        assertThat(residues("SELECT * FROM triggered_by_text")).isEqualTo(Residues.NONE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "NULL | false",
                "PERFORM abs(1) FROM u WHERE f(1) = 1 | false",
                "a := locks() | false",
                "PERFORM 1 FROM not_made_yet | false",
                "PERFORM missing() | true",
                "CALL sets_by_text('x') | true",
                "PERFORM a FROM view_sets | true"
            })
    void judgesABlockByWhatItNames(String body, boolean sets) {
        assertThat(residues("DO $$ BEGIN " + body + "; END $$")).isEqualTo(sets ? Residues.ALL_AND_SETS : Residues.ALL);
    }

    // Definitions

    private void ran(String sql) {
        router.ran(Catalogs.classify(sql), session);
    }

    /// Others may have had a hand in a table of that name, or may have yet: no text tells whether a table that has just
    /// been made is the one that is named.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE n (a int, b text)",
                "CREATE TABLE t (a int)",
                "CREATE TEMP TABLE n (a int)",
                "CREATE TABLE n AS SELECT a FROM t",
                "SELECT 1 AS a INTO UNLOGGED TABLE n FROM t",
                "CREATE TABLE IF NOT EXISTS n (a int)",
                "CREATE MATERIALIZED VIEW n AS SELECT a FROM t"
            })
    void knowsNothingOfTablesThatItHasMade(String sql) {
        ran(sql);

        for (var name : List.of("n", "public.n"))
            assertThat(residues("INSERT INTO " + name + " VALUES (1)")).isEqualTo(Residues.ALL);
        assertThat(reason("SELECT * FROM n")).isEqualTo(RoutingReason.UNKNOWN_RELATION);
    }

    /// The catalog is read by others, who do not see the function of a transaction that is open.
    @Test
    void doubtsWhatItsTransactionHasDefinedAlsoWhenTheCatalogIsReadMeanwhile() {
        ran("CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(residues("SELECT f(1)")).isEqualTo(Residues.ALL);

        router.transactionEnded(session);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(residues("SELECT f(1)")).isEqualTo(Residues.NONE);
    }

    /// A word of the grammar may be a function's name at any time.
    @Test
    void knowsNothingOfAWordOfTheGrammarThatWasJustDefined() {
        assertThat(reason("SELECT rollup(a) FROM t")).isEqualTo(RoutingReason.READ);

        ran("CREATE FUNCTION rollup(int) RETURNS int LANGUAGE sql AS 'SELECT 1'");
        assertThat(reason("SELECT rollup(a) FROM t")).isEqualTo(RoutingReason.UNKNOWN_FUNCTION);
        assertThat(reason("SELECT a FROM t GROUP BY CUBE (a)")).isEqualTo(RoutingReason.READ);

        ran("CREATE EXTENSION anything");
        assertThat(reason("SELECT cube(1)")).isEqualTo(RoutingReason.UNKNOWN_FUNCTION);
    }

    /// No statement names a type, a cast or an operator that leads to what was defined.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE DOMAIN d AS int CHECK (f(value) = 1)",
                "CREATE CAST (text AS int) WITH FUNCTION f AS IMPLICIT",
                "CREATE OPERATOR === (FUNCTION = f)",
                "ALTER SCHEMA public RENAME TO old",
                "COMMIT PREPARED 'x'"
            })
    void letsAnyStatementLeaveAnythingBehindADefinitionThatNobodyNames(String definition) {
        assertThat(residues("SELECT 1")).isEqualTo(Residues.NONE);

        ran(definition);
        assertThat(residues("SELECT 1")).isEqualTo(Residues.ALL);
        router.transactionEnded(session);
        worker.passes(1, TimeUnit.SECONDS);

        assertThat(residues("SELECT 1")).isEqualTo(Residues.NONE);
    }

    @Test
    void knowsNothingOfWhatLeadsToAChangedTable() {
        ran("CREATE INDEX ON t (f(a))");
        assertThat(residues("SELECT * FROM view_of_f")).isEqualTo(Residues.ALL);
        assertThat(residues("SELECT * FROM u")).isEqualTo(Residues.NONE);
        router.transactionEnded(session);
        worker.passes(1, TimeUnit.SECONDS);

        ran("DROP TABLE t");
        assertThat(residues("SELECT * FROM view_of_f")).isEqualTo(Residues.NONE);
    }

    /// The server's word tells of a definition in a text that nobody has read.
    @Test
    void knowsNothingOfItsOwnBehindADefinitionThatNobodyHasRead() {
        assertThat(residues("SELECT * FROM t")).isEqualTo(Residues.NONE);

        router.hasDefined(session);
        assertThat(residues("SELECT * FROM t")).isEqualTo(Residues.ALL);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(residues("SELECT * FROM t")).isEqualTo(Residues.ALL);

        router.transactionEnded(session);
        assertThat(residues("SELECT * FROM t")).isEqualTo(Residues.ALL);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(residues("SELECT * FROM t")).isEqualTo(Residues.NONE);
    }

    @Test
    void judgesAnewWhenTheCatalogIsReadAgain() {
        assertThat(residues("SELECT locks()")).isEqualTo(Residues.of(Residue.LOCKS));

        catalog = Catalogs.SMALL.without(List.of("locks"));
        worker.passes(61, TimeUnit.SECONDS);

        assertThat(residues("SELECT locks()")).isEqualTo(Residues.ALL);
    }

    @Test
    void knowsNothingOfWhatADefinitionTouchesUntilItIsRead() {
        ran("ALTER TABLE t ADD COLUMN a int");

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.UNKNOWN_RELATION);
        assertThat(reason("SELECT * FROM u")).isEqualTo(RoutingReason.READ);
        router.transactionEnded(session);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);

        ran("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        assertThat(reason("SELECT f(1)")).isEqualTo(RoutingReason.UNKNOWN_FUNCTION);
        assertThat(reason("SELECT * FROM view_of_f")).isEqualTo(RoutingReason.UNKNOWN_RELATION);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);
        assertThat(residues("INSERT INTO t VALUES (1)")).isEqualTo(Residues.NONE);
        assertThat(reason("SELECT abs(1)")).isEqualTo(RoutingReason.READ);
    }

    @Test
    void readsAgainWhenTheTransactionOfADefinitionEnds() {
        ran("ALTER TABLE t ADD COLUMN a int");
        worker.passes(1, TimeUnit.SECONDS);

        router.transactionEnded(session);

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.UNKNOWN_RELATION);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);
    }

    @Test
    void knowsNothingBehindATransactionOfVeryManyDefinitions() {
        for (int i = 0; i < 300; i++) ran("ALTER TABLE other" + i + " ADD COLUMN a int");
        ran("ALTER TABLE t ADD COLUMN a int");
        worker.passes(1, TimeUnit.SECONDS);

        router.transactionEnded(session);

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.UNKNOWN_RELATION);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);
    }

    @Test
    void definesNothingForOthersByTemporaryTables() {
        ran("CREATE TEMP TABLE t (a int)");

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);
    }

    // Consistency

    @Test
    void readsItsWritesOnThePrimaryUntilAStandbyHasThem() {
        session.wrote(worker.now());
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ_YOUR_WRITES);

        cluster.sample(worker.now() + 1, 200);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ_YOUR_WRITES);

        cluster.position(2, 200);
        assertThat(node("SELECT * FROM t")).isEqualTo(cluster.node(2));
    }

    @Test
    void showsAgainWhatItShowedOnThePrimary() {
        session.readOnPrimary(worker.now());
        cluster.sample(worker.now() + 1, 200);

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ_YOUR_WRITES);
        cluster.position(1, 200);
        assertThat(node("SELECT * FROM t")).isEqualTo(cluster.node(1));
    }

    /// A session that waited for a standby would wait in vain.
    @Test
    void doesNotAskForPositionsWithoutAStandby() {
        cluster.serves(1, false);
        cluster.serves(2, false);
        session.readOnPrimary(worker.now());

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.NO_STANDBY);
        assertThat(cluster.asked()).isZero();
    }

    @Test
    void needsNoPositionToReadNothing() {
        session.wrote(worker.now());

        assertThat(reason("SELECT 1")).isEqualTo(RoutingReason.READ);
        assertThat(reason("SELECT abs(1)")).isEqualTo(RoutingReason.READ_YOUR_WRITES);
        assertThat(reason("BEGIN READ ONLY")).isEqualTo(RoutingReason.READ_YOUR_WRITES);
    }

    @Test
    void seesTheWritesOfOthersGlobally() {
        router = router(Consistency.GLOBAL);
        session = router.newSession("db", "me");
        var writer = router.newSession("db", "me");
        cluster.sample(worker.now() + 1, 100);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ);

        writer.wrote(worker.now());

        assertThat(reason("SELECT * FROM t")).isEqualTo(RoutingReason.READ_YOUR_WRITES);
        assertThat(reason("SELECT 1")).isEqualTo(RoutingReason.READ);
    }
}
