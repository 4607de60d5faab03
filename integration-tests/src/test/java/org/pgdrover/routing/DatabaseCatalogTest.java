package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClassifier;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// Holds what the catalog proves against a real PostgreSQL, in which each name leads to something else.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseCatalogTest {
    private EmbeddedCluster cluster;
    private JdbcCatalogLoader loader;
    private DatabaseCatalog catalog;

    @BeforeAll
    void define() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        loader = new JdbcCatalogLoader(this::connect);
        try (var connection = connect("demo")) {
            CatalogCases.define(connection);
        }
        catalog = loader.load("demo");
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    private Connection connect(String database) throws SQLException {
        var url = "jdbc:postgresql://" + cluster.config().nodes().getFirst().endpoint() + "/" + database;
        return DriverManager.getConnection(url, EmbeddedCluster.SUPERUSER, EmbeddedCluster.SUPERUSER);
    }

    private FunctionFacts function(String name) {
        return Objects.requireNonNull(catalog.function(name), name);
    }

    private RelationFacts relation(String name) {
        return Objects.requireNonNull(catalog.relation(name), name);
    }

    private static Residues residues(String names) {
        if (names.equals("ALL")) return Residues.ALL;
        return names.equals("-") ? Residues.NONE : Residues.of(Residue.valueOf(names));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "abs",
                "pg_catalog.abs",
                "count",
                "now",
                "random",
                "gen_random_uuid",
                "pg_sleep",
                "clock_timestamp",
                "steady",
                "public.steady",
                "reads",
                "tenant",
                "reads_numbers",
                "compiled_stable",
                "int4",
                "text"
            })
    void callsReadsReads(String name) {
        assertThat(function(name).isRead()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "pg_is_in_recovery, -",
        "nextval, -",
        "txid_current, -",
        "declared_volatile, -",
        "overloaded, -",
        "tells_recovery, -",
        "calls_it, -",
        "in_standard, -",
        "by_default, -",
        "server_setting, -",
        "reads_unlogged, -",
        "updates, -",
        "locks_briefly, -",
        "sets_locally, LOCAL_SETTINGS",
        "makes_temporary_for_now, -",
        "pg_advisory_lock, LOCKS",
        "lastval, SEQUENCES",
        "setseed, LASTING",
        "pg_create_physical_replication_slot, LASTING",
        "pg_create_logical_replication_slot, LASTING",
        "pg_backup_start, LASTING",
        "tells_last, SEQUENCES",
        "sets, SETTINGS",
        "configures, SETTINGS",
        "configures_standard, SETTINGS",
        "makes_temporary, TEMPORARY",
        "listens, LISTENS",
        "locks, LOCKS",
        "adds, LOCKS",
        "dynamic, ALL",
        "compiled, -",
        "query_to_xml, ALL",
        "procedure_that_sets, SETTINGS"
    })
    void callsNothingElseOne(String name, String residues) {
        assertThat(function(name).isRead()).isFalse();
        assertThat(function(name).may()).isEqualTo(residues(residues));
    }

    /// A keyword that is not reserved may be a function's name (PostgreSQL manual, appendix C).
    @Test
    void takesEveryWordThatMayBeAFunctionsNameForACall() throws Exception {
        int words = 0;
        try (var connection = connect("demo");
                var keywords = connection
                        .createStatement()
                        .executeQuery("SELECT word FROM pg_get_keywords() WHERE catcode IN ('U', 'T')")) {
            while (keywords.next()) {
                words++;
                var sql = ("SELECT " + keywords.getString(1) + "(1)").getBytes(StandardCharsets.UTF_8);
                var found = new QueryClassifier().classify(sql, 0, sql.length, true);
                assertThat(found.access() != Access.READ || found.functions().contains(keywords.getString(1)))
                        .as(keywords.getString(1))
                        .isTrue();
            }
        }
        assertThat(words).isGreaterThan(300);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sets_by_text", "calls_sets_by_text", "calls_both", "setting_by_text_trigger"})
    void knowsWhatSetsParametersByText(String name) {
        assertThat(function(name).may()).isEqualTo(Residues.ALL_AND_SETS);
    }

    @Test
    void knowsOtherNamesOfPostgresqlsOwnFunctions() {
        assertThat(function("another_lock").may()).isEqualTo(Residues.of(Residue.LOCKS));
        assertThat(function("another_set_config").may()).isEqualTo(Residues.of(Residue.SETTINGS));
    }

    /// It may keep state in its server's process.
    @Test
    void takesAVolatileFunctionInCOfNoExtensionForOneThatSetsParameters() {
        assertThat(function("compiled_volatile").may()).isEqualTo(Residues.ALL_AND_SETS);
    }

    @Test
    void knowsWhatRelationsLeadToTextThatSetsParameters() {
        assertThat(relation("view_sets").reading()).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(relation("triggered_by_text").changing()).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(relation("triggered_by_text").reading()).isEqualTo(Residues.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"nextval", "setval", "lastval", "currval", "tells_last", "draws", "dynamic", "another_nextval"})
    void usesSequences(String name) {
        assertThat(function(name).usesSequences()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"abs", "locks", "sets", "updates", "pg_sequence_last_value"})
    void usesNoSequences(String name) {
        assertThat(function(name).usesSequences()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"by_serial", "by_identity", "by_domain", "by_trigger", "logged", "view_by_serial", "view_of_last"
            })
    void leadsToSequences(String name) {
        assertThat(relation(name).usesSequences()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "numbers", "triggered", "defaults", "view_plain", "pg_class"})
    void leadsToNoSequences(String name) {
        assertThat(relation(name).usesSequences()).isFalse();
    }

    @Test
    void letsTheTextTellOfSetConfig() {
        assertThat(function("set_config").may()).isEqualTo(Residues.NONE);
        assertThat(function("set_config").isRead()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "public.plain",
                "s.other",
                "kept",
                "pg_class",
                "pg_catalog.pg_class",
                "information_schema.tables",
                "view_plain",
                "view_random",
                "view_tenant",
                "tenants",
                "not_secured",
                "parent",
                "stamped"
            })
    void readsOnStandbysWhatIsTheSameThere(String name) {
        if (name.equals("s.other")) assertThat(catalog.relation(name)).isNull();
        else assertThat(relation(name).isReadable()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "unlogged, -",
        "numbers, -",
        "twice, -",
        "s.twice, -",
        "pg_stat_activity, -",
        "pg_sequences, -",
        "view_recovery, -",
        "view_of_view, -",
        "view_activity, -",
        "view_lasts, -",
        "view_writes, -",
        "view_setting, -",
        "secured, -",
        "view_locks, LOCKS"
    })
    void readsOnThePrimaryWhatMayDiffer(String name, String residues) {
        assertThat(relation(name).isReadable()).isFalse();
        assertThat(relation(name).reading()).isEqualTo(residues(residues));
    }

    @Test
    void knowsTheBestOfAQualifiedName() {
        assertThat(relation("public.twice").isReadable()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "plain, -",
        "stamped, -",
        "secured, -",
        "triggered, SETTINGS",
        "view_triggered, SETTINGS",
        "logs_to_triggered, SETTINGS",
        "referenced, SETTINGS",
        "referencing, SETTINGS",
        "defaults, SETTINGS",
        "checks, SETTINGS",
        "ruled, LOCKS",
        "parent, SETTINGS",
        "child, SETTINGS"
    })
    void knowsWhatChangingARelationLeaves(String name, String residues) {
        assertThat(relation(name).changing()).isEqualTo(residues(residues));
    }

    @Test
    void knowsNothingOfWhatIsNotThere() {
        assertThat(catalog.function("missing")).isNull();
        assertThat(catalog.relation("missing")).isNull();
        assertThat(catalog.isKnown()).isTrue();
        assertThat(DatabaseCatalog.NONE.isKnown()).isFalse();
        assertThatThrownBy(() -> loader.load("missing")).isInstanceOf(SQLException.class);
    }

    @Test
    void forgetsTheNamesThatADefinitionTouches() {
        var left = catalog.without(java.util.List.of("s.plain", "abs"));

        assertThat(left.relation("plain")).isNull();
        assertThat(left.relation("public.plain")).isNull();
        assertThat(left.function("abs")).isNull();
        assertThat(left.relation("other")).isNotNull();
        assertThat(catalog.withoutOwn().relation("other")).isNull();
        assertThat(catalog.withoutDependent().relation("plain")).isNotNull();
        assertThat(catalog.withoutDependent().relation("triggered")).isNull();
        assertThat(catalog.withoutDependent().relation("view_plain")).isNull();
        assertThat(catalog.withoutDependent().relation("view_random")).isNotNull();
        assertThat(catalog.withoutDependent().function("steady")).isNotNull();
        assertThat(catalog.withoutDependent().function("calls_it")).isNull();
        assertThat(catalog.withoutOwn().function("count")).isNotNull();
    }

    @Test
    void remembersOfWhatItForgetsThatItSetsParameters() {
        assertThat(catalog.withoutOwn().unknown("configures")).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(catalog.without(java.util.List.of("configures")).unknown("public.configures"))
                .isEqualTo(Residues.ALL_AND_SETS);
        assertThat(catalog.withoutDependent().unknown("triggered_by_text")).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(catalog.withoutDependent().withoutOwn().unknown("triggered_by_text"))
                .isEqualTo(Residues.ALL_AND_SETS);
        assertThat(catalog.withoutOwn().unknown("plain")).isEqualTo(Residues.ALL);
        assertThat(catalog.withoutOwn().unknown("locks")).isEqualTo(Residues.ALL);
    }

    // What every statement may meet

    private DatabaseCatalog.Database database(String name, String definitions) throws SQLException {
        try (var admin = connect("postgres");
                var statement = admin.createStatement()) {
            statement.execute("CREATE DATABASE " + name + " TEMPLATE template0");
        }
        try (var connection = connect(name);
                var statement = connection.createStatement()) {
            for (var sql : (CatalogCases.FUNCTIONS + definitions).split(";;")) statement.execute(sql);
        }
        return loader.load(name).database();
    }

    @Test
    void isPlainWithoutDefinitions() throws SQLException {
        assertThat(database("nothing", "SELECT 1")).isEqualTo(DatabaseCatalog.Database.PLAIN);
    }

    @Test
    void seesOperatorsEverywhere() throws SQLException {
        var database = database("operator", CatalogCases.OPERATOR);

        assertThat(database.isReadable()).isFalse();
        assertThat(database.everywhere()).isEqualTo(Residues.of(Residue.SETTINGS));

        var harmless = database("harmless", CatalogCases.HARMLESS_OPERATOR);
        assertThat(harmless.isReadable()).isTrue();
        assertThat(harmless.everywhere()).isEqualTo(Residues.NONE);
        assertThat(harmless.isDependent()).isTrue();
    }

    @Test
    void seesCastsAndDomainsEverywhere() throws SQLException {
        assertThat(database("casts", CatalogCases.CAST).everywhere()).isEqualTo(Residues.of(Residue.LOCKS));
        assertThat(database("domains", CatalogCases.DOMAIN).everywhere()).isEqualTo(Residues.of(Residue.SETTINGS));
    }

    /// PostgreSQL makes the constructors of a range type, and a cast to its multirange.
    @Test
    void seesNothingInARangeType() throws SQLException {
        var database = database("ranges", "CREATE TYPE own_range AS RANGE (subtype = float8)");

        assertThat(database.isReadable()).isTrue();
        assertThat(database.everywhere()).isEqualTo(Residues.NONE);
    }

    @Test
    void seesEventTriggersOfDefinitions() throws SQLException {
        var database = database("events", CatalogCases.EVENT_TRIGGER);

        assertThat(database.defining()).isEqualTo(Residues.of(Residue.SETTINGS));
        assertThat(database.everywhere()).isEqualTo(Residues.NONE);
    }
}
