package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// The rarer ways by which a name leads to a function, each in a database of its own.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CatalogLeadsTest {
    private static final Residues LOCKS = Residues.of(Residue.LOCKS);
    private static final Residues SETTINGS = Residues.of(Residue.SETTINGS);

    private static final String FUNCTIONS = """
            CREATE FUNCTION locks() RETURNS int LANGUAGE plpgsql AS
                $$BEGIN PERFORM pg_advisory_lock(1); RETURN 1; END$$;;
            CREATE FUNCTION same(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
                $$BEGIN PERFORM locks(); RETURN $1; END$$;;
            CREATE FUNCTION locking_trigger() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN PERFORM locks(); RETURN NEW; END$$;;
            """;

    private EmbeddedCluster cluster;
    private JdbcCatalogLoader loader;
    private int databases;

    @BeforeAll
    void start() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        loader = new JdbcCatalogLoader(this::connect);
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    private Connection connect(String database) throws SQLException {
        var url = "jdbc:postgresql://" + cluster.config().nodes().getFirst().endpoint() + "/" + database;
        return DriverManager.getConnection(url, EmbeddedCluster.SUPERUSER, EmbeddedCluster.SUPERUSER);
    }

    /// The catalog of a new database with these definitions.
    private DatabaseCatalog catalog(String definitions) throws SQLException {
        var name = "leads" + ++databases;
        try (var admin = connect("postgres");
                var statement = admin.createStatement()) {
            statement.execute("CREATE DATABASE " + name + " TEMPLATE template0");
        }
        try (var connection = connect(name);
                var statement = connection.createStatement()) {
            for (var sql : (FUNCTIONS + definitions).split(";;")) statement.execute(sql);
        }
        return loader.load(name);
    }

    private static RelationFacts relation(DatabaseCatalog catalog, String name) {
        return Objects.requireNonNull(catalog.relation(name), name);
    }

    private static FunctionFacts function(DatabaseCatalog catalog, String name) {
        return Objects.requireNonNull(catalog.function(name), name);
    }

    /// A rule of PostgreSQL's own makes an UPDATE of pg_settings a set_config.
    @Test
    void knowsThatAnUpdateOfPgSettingsSetsParameters() throws SQLException {
        var catalog = catalog("""
                CREATE VIEW view_of_settings AS SELECT name, setting FROM pg_settings;;
                CREATE FUNCTION updates_settings() RETURNS void LANGUAGE plpgsql AS
                    $$BEGIN UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'; END$$;;
                CREATE FUNCTION updates_by_standard() RETURNS void LANGUAGE sql
                    BEGIN ATOMIC UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'; END;;
                CREATE FUNCTION reads_settings() RETURNS text LANGUAGE sql AS
                    $$SELECT setting FROM pg_settings WHERE name = 'work_mem'$$""");

        assertThat(relation(catalog, "pg_settings").reading()).isEqualTo(Residues.NONE);
        assertThat(relation(catalog, "pg_settings").changing()).isEqualTo(SETTINGS);
        assertThat(relation(catalog, "pg_catalog.pg_settings").changing()).isEqualTo(SETTINGS);
        assertThat(relation(catalog, "view_of_settings").changing()).isEqualTo(SETTINGS);
        assertThat(relation(catalog, "view_of_settings").reading()).isEqualTo(Residues.NONE);
        assertThat(function(catalog, "updates_settings").may()).isEqualTo(SETTINGS);
        assertThat(function(catalog, "updates_by_standard").may()).isEqualTo(SETTINGS);
        assertThat(function(catalog, "reads_settings").may()).isEqualTo(Residues.NONE);
    }

    /// TRUNCATE … CASCADE follows every foreign key, also one that cascades nothing else.
    @Test
    void knowsWhatACascadeOfTruncateReaches() throws SQLException {
        var catalog = catalog("""
                CREATE TABLE parent (a int PRIMARY KEY);;
                CREATE TABLE child (a int REFERENCES parent);;
                CREATE TRIGGER t AFTER TRUNCATE ON child FOR EACH STATEMENT EXECUTE FUNCTION locking_trigger();;
                CREATE FUNCTION truncates() RETURNS void LANGUAGE plpgsql AS $$BEGIN TRUNCATE parent; END$$;;
                CREATE FUNCTION truncates_all() RETURNS void LANGUAGE plpgsql AS
                    $$BEGIN TRUNCATE parent CASCADE; END$$""");

        assertThat(catalog.database().truncating()).isEqualTo(LOCKS);
        assertThat(catalog.withoutDependent().database().truncating()).isEqualTo(Residues.ALL);
        assertThat(relation(catalog, "parent").changing()).isEqualTo(Residues.NONE);
        assertThat(function(catalog, "truncates").may()).isEqualTo(Residues.NONE);
        assertThat(function(catalog, "truncates_all").may()).isEqualTo(LOCKS);
    }

    @Test
    void knowsTheFunctionsThatEventTriggersSee() throws SQLException {
        var catalog = catalog("""
                CREATE FUNCTION on_command() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM locks(); END';;
                CREATE TABLE plain (a int);;
                CREATE FUNCTION makes() RETURNS void LANGUAGE plpgsql AS $$BEGIN CREATE TABLE x (a int); END$$;;
                CREATE FUNCTION makes_of_query() RETURNS void LANGUAGE sql AS $$SELECT 1 AS a INTO y$$;;
                CREATE FUNCTION grants() RETURNS void LANGUAGE plpgsql AS $$BEGIN GRANT ALL ON plain TO public; END$$;;
                CREATE MATERIALIZED VIEW kept AS SELECT 1 AS a;;
                CREATE FUNCTION refreshes() RETURNS void LANGUAGE sql AS
                    $$REFRESH MATERIALIZED VIEW kept$$;;
                CREATE FUNCTION adds() RETURNS void LANGUAGE plpgsql AS $$BEGIN INSERT INTO plain VALUES (1); END$$;;
                CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION on_command()""");

        assertThat(catalog.database().defining()).isEqualTo(LOCKS);
        for (var name : List.of("makes", "makes_of_query", "grants", "refreshes"))
            assertThat(function(catalog, name).may()).as(name).isEqualTo(LOCKS);
        assertThat(function(catalog, "adds").may()).isEqualTo(Residues.NONE);
    }

    /// Triggers may be those of a session that replicates.
    @Test
    void knowsTriggersOfEverySessionReplicationRole() throws SQLException {
        var catalog = catalog("""
                CREATE TABLE origin (a int);;
                CREATE TABLE replica (a int);;
                CREATE TABLE always (a int);;
                CREATE TABLE never (a int);;
                CREATE TRIGGER t BEFORE INSERT ON origin FOR EACH ROW EXECUTE FUNCTION locking_trigger();;
                CREATE TRIGGER t BEFORE INSERT ON replica FOR EACH ROW EXECUTE FUNCTION locking_trigger();;
                CREATE TRIGGER t BEFORE INSERT ON always FOR EACH ROW EXECUTE FUNCTION locking_trigger();;
                CREATE TRIGGER t BEFORE INSERT ON never FOR EACH ROW EXECUTE FUNCTION locking_trigger();;
                ALTER TABLE replica ENABLE REPLICA TRIGGER t;;
                ALTER TABLE always ENABLE ALWAYS TRIGGER t;;
                ALTER TABLE never DISABLE TRIGGER t;;
                CREATE FUNCTION on_command() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM locks(); END';;
                CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION on_command();;
                ALTER EVENT TRIGGER e ENABLE REPLICA""");

        for (var name : List.of("origin", "replica", "always"))
            assertThat(relation(catalog, name).changing()).as(name).isEqualTo(LOCKS);
        assertThat(relation(catalog, "never").changing()).isEqualTo(Residues.NONE);
        assertThat(catalog.database().defining()).isEqualTo(LOCKS);
    }

    @Test
    void knowsTheFunctionsOfPartitionKeys() throws SQLException {
        var catalog = catalog("""
                CREATE TABLE whole (a int) PARTITION BY LIST (same(a));;
                CREATE TABLE part PARTITION OF whole FOR VALUES IN (1) PARTITION BY LIST (a);;
                CREATE TABLE part_of_part PARTITION OF part FOR VALUES IN (1)""");

        for (var name : List.of("whole", "part", "part_of_part")) {
            assertThat(relation(catalog, name).changing()).as(name).isEqualTo(LOCKS);
            assertThat(relation(catalog, name).reading()).as(name).isEqualTo(Residues.NONE);
        }
    }

    @Test
    void knowsTheSupportFunctionsOfOperatorClasses() throws SQLException {
        var catalog = catalog("""
                CREATE TYPE two AS (a int);;
                CREATE FUNCTION less(two, two) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT ($1).a < ($2).a';;
                CREATE FUNCTION compares(two, two) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
                    'BEGIN PERFORM locks(); RETURN ($1).a - ($2).a; END';;
                CREATE OPERATOR <# (LEFTARG = two, RIGHTARG = two, FUNCTION = less);;
                CREATE OPERATOR CLASS twos DEFAULT FOR TYPE two USING btree AS
                    OPERATOR 1 <#, FUNCTION 1 compares(two, two)""");

        assertThat(catalog.database().everywhere()).isEqualTo(LOCKS);
    }

    /// PostgreSQL cuts a name at 63 bytes.
    @Test
    void knowsWhatABodyCallsByTooLongAName() throws SQLException {
        var longest = "e".repeat(63);
        var catalog = catalog(("""
                CREATE FUNCTION NAME() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN locks(); END';;
                CREATE VIEW vNAME AS SELECT locks();;
                CREATE FUNCTION calls() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN public.NAMExx(); END';;
                CREATE FUNCTION calls_quoted() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN "NAMExx"(); END';;
                CREATE FUNCTION reads() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM vNAME';;
                CREATE FUNCTION calls_accented() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN éNAME(); END'""").replace("NAME", longest));

        for (var name : List.of(longest, "calls", "calls_quoted", "reads"))
            assertThat(function(catalog, name).may()).as(name).isEqualTo(LOCKS);
        // Where it is cut, the database's encoding says.
        assertThat(function(catalog, "calls_accented").may()).isEqualTo(Residues.ALL_AND_SETS);
    }

    /// DISCARD ALL does not take away what other languages keep in their interpreters.
    @Test
    void knowsWhatOtherLanguagesKeep() throws SQLException {
        var catalog = catalog("""
                CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler;;
                CREATE FUNCTION puts(text) RETURNS text LANGUAGE other AS 'global tenant; set tenant $1; return $1';;
                CREATE FUNCTION puts_by_name(text) RETURNS text LANGUAGE other AS 'set ::tenant $1; return $1';;
                CREATE FUNCTION shares(text) RETURNS text LANGUAGE other AS '$_SHARED{tenant} = $_[0]';;
                CREATE FUNCTION ours(text) RETURNS text LANGUAGE other AS 'our $tenant = shift';;
                CREATE FUNCTION keeps(text) RETURNS text LANGUAGE other AS 'GD["tenant"] = args[0]';;
                CREATE FUNCTION computes(text) RETURNS text LANGUAGE other AS 'return [string length $1]';;
                CREATE FUNCTION asks(text) RETURNS text LANGUAGE other AS 'spi_exec "select x::text"';;
                CREATE FUNCTION keeps_and_asks(text) RETURNS text LANGUAGE other AS
                    'GD["plan"] = plpy.prepare(args[0])'""");

        for (var name : List.of("puts", "puts_by_name", "shares", "ours", "keeps"))
            assertThat(function(catalog, name).may()).as(name).isEqualTo(Residues.of(Residue.LASTING));
        assertThat(function(catalog, "computes").may()).isEqualTo(Residues.NONE);
        assertThat(function(catalog, "asks").may()).isEqualTo(Residues.ALL);
        // What lasts is known there, among anything.
        var both = function(catalog, "keeps_and_asks");
        assertThat(both.may().has(Residue.LASTING)).isTrue();
        assertThat(both.may().has(Residue.TEMPORARY)).isTrue();
        assertThat(both.may().isAll()).isFalse();
        assertThat(both.usesSequences() && both.shows()).isTrue();
    }
}
