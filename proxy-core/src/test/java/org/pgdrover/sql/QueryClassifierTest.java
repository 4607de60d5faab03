package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The rules that the grammar's oracle cannot judge: what a statement does to the transaction and the
/// session.
@Timeout(60)
class QueryClassifierTest {
    private final QueryClassifier classifier = new QueryClassifier();

    private QueryClass classify(String sql) {
        return classify(sql, true);
    }

    private QueryClass classify(String sql, boolean standardConformingStrings) {
        var bytes = sql.getBytes(StandardCharsets.UTF_8);
        return classifier.classify(bytes, 0, bytes.length, standardConformingStrings);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "begin | BEGIN",
                "BEGIN WORK | BEGIN",
                "start transaction isolation level repeatable read | BEGIN",
                "BEGIN READ ONLY | BEGIN_READ_ONLY",
                "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY | BEGIN_READ_ONLY",
                "BEGIN READ WRITE | BEGIN",
                "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE | BEGIN",
                "commit | COMMIT",
                "END | COMMIT",
                "COMMIT AND CHAIN | COMMIT",
                "PREPARE TRANSACTION 'x' | COMMIT",
                "rollback | ROLLBACK",
                "ABORT | ROLLBACK",
                "ROLLBACK TO SAVEPOINT a | INSIDE",
                "rollback work to a | INSIDE",
                "SAVEPOINT a | INSIDE",
                "RELEASE a | INSIDE",
                "SET TRANSACTION READ ONLY | INSIDE",
                "SET LOCAL work_mem = '1MB' | INSIDE",
                "SET CONSTRAINTS ALL DEFERRED | INSIDE"
            })
    void knowsWhatHappensToTheTransaction(String sql, TransactionEffect effect) {
        var found = classify(sql);

        assertThat(found.access()).isEqualTo(Access.TRANSACTION);
        assertThat(found.transaction()).isEqualTo(effect);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SET work_mem = '1MB' | work_mem",
                "set Work_Mem to 1 | work_mem",
                "SET SESSION my.own TO 'x' | my.own",
                "SET TIME ZONE 'UTC' | timezone",
                "SET NAMES 'UTF8' | client_encoding",
                "SET SCHEMA 'public' | search_path",
                "SET search_path TO a, \"B\" | search_path",
                "SET ROLE alice | role",
                "SET role = 'alice' | role",
                "SET SESSION ROLE \"Alice\" | role",
                "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE | timezone",
                "SET my.name = 'grün' | my.name",
                "SET application_name = E'a\\\\b' | application_name",
                "SET session = 'x' | session"
            })
    void followsSettings(String sql, String name) {
        assertThat(classify(sql + " ;").session())
                .isEqualTo(new SessionEffect.SetParameter(name, sql.replace("SET SESSION", "SET")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RESET work_mem | work_mem",
                "SET work_mem TO DEFAULT | work_mem",
                "SET TIME ZONE LOCAL | timezone",
                "RESET ROLE | role",
                "SET ROLE NONE | role",
                "SET ROLE TO DEFAULT | role"
            })
    void followsResets(String sql, String name) {
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.ResetParameter(name));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CREATE TEMP TABLE a (b int) | TEMPORARY",
                "create local temporary table a as select 1 | TEMPORARY",
                "CREATE TEMP TABLE a (b int) ON COMMIT DELETE ROWS | TEMPORARY",
                "CREATE TEMP TABLE a AS SELECT commit drop FROM t | TEMPORARY",
                "CREATE TEMPORARY VIEW v AS SELECT 1 | TEMPORARY",
                "CREATE TABLE pg_temp.a (b int) | TEMPORARY",
                "CREATE TABLE \"pg_temp\".a (b int) | TEMPORARY",
                "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1' | TEMPORARY",
                "SELECT 1 INTO TEMP a | TEMPORARY",
                "SELECT 1 INTO pg_temp.a | TEMPORARY",
                "SELECT 1 INTO \"pg_temp\".a | TEMPORARY",
                "DROP TABLE a | TEMPORARY",
                "DROP SCHEMA s CASCADE | TEMPORARY",
                "SET LOCAL search_path = pg_temp | TEMPORARY",
                "DISCARD TEMP | TEMPORARY",
                "PREPARE p AS SELECT f(1) | PREPARED",
                "LISTEN a | LISTENS",
                "UNLISTEN * | LISTENS",
                "LOAD 'auto_explain' | LASTING",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1 | CURSORS",
                "CLOSE c | CURSORS",
                "SELECT pg_advisory_lock(1) | LOCKS",
                "SELECT pg_try_advisory_lock(1, 2) | LOCKS",
                "SELECT pg_advisory_unlock(1) | LOCKS",
                "INSERT INTO t SELECT pg_catalog.pg_advisory_lock(1) | LOCKS",
                "UPDATE t SET a = 1 WHERE \"pg_advisory_lock\"(1) IS NULL | LOCKS",
                "CREATE TABLE t AS SELECT pg_advisory_lock(1) | LOCKS",
                "EXPLAIN ANALYZE SELECT pg_advisory_lock(1) | LOCKS",
                "SELECT lastval() | SEQUENCES",
                "INSERT INTO t VALUES (currval('s')) | SEQUENCES",
                "SELECT setseed(0.5) | LASTING",
                "SET SEED TO 0.5 | LASTING",
                "SET \"seed\" TO 0.5 | LASTING",
                "SET LOCAL seed = 0.5 | LASTING",
                "SELECT set_config('seed', '0.5', false) | LASTING",
                "SELECT set_config('Seed', '0.5', true) | LASTING",
                "SELECT 1; CREATE TEMP TABLE a (b int) | TEMPORARY"
            })
    void namesWhatStaysOnTheServer(String sql, Residue residue) {
        var found = classify(sql);

        assertThat(found.access()).isNotEqualTo(Access.READ);
        assertThat(found.session()).isEqualTo(SessionEffect.leaves(residue));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET SESSION AUTHORIZATION a",
                "SET session_authorization = a",
                "RESET SESSION AUTHORIZATION",
                "SELECT set_config('session_authorization', 'a', false)"
            })
    void knowsThatAnotherUserOfTheSessionTakesTheRoleBack(String sql) {
        var effect = SessionEffect.leaves(Residues.of(Residue.AUTHORIZATION), List.of("role"));

        assertThat(classify(sql).session()).isEqualTo(effect);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "DO 'x'",
                "EXECUTE p",
                "EXPLAIN ANALYZE EXECUTE p",
                "CREATE TABLE t AS EXECUTE p",
                "CREATE EXTENSION x",
                "FOO BAR",
                "SELECT U&\"d0061t\"(1)",
                "SELECT query_to_xml('x', true, true, '')",
                "SELECT 1; DO 'x'",
                "DO $$ BEGIN EXECUTE 'SELECT 1'; END $$",
                "DO $$ BEGIN SET app.x = 1; END $$",
                "DO $$ BEGIN PERFORM set_config('app.x', '1', false); END $$",
                "DO $$ BEGIN PERFORM query_to_xml('SELECT 1', true, true, ''); END $$",
                "DO $$ BEGIN INSERT INTO t VALUES (1); END $$",
                "DO $$ BEGIN WITH x AS (DELETE FROM t RETURNING a) SELECT a INTO b FROM x; END $$",
                "DO $$ BEGIN TRUNCATE t; END $$",
                "DO $$ BEGIN CREATE EXTENSION x; END $$",
                "DO $$ BEGIN IF (true) THEN RESET ALL; END IF; END $$",
                "DO $$ BEGIN a := 'it\\'; END $$",
                "DO LANGUAGE plpython3u $$ BEGIN NULL; END $$",
                "DO E'BEGIN NULL; END'",
                "DO 'BEGIN a := ''b''; END'",
                "DO $$ BEGIN NULL; END $$ LANGUAGE 'plpgsql'",
                "DO LANGUAGE plpgsql"
            })
    void expectsAnythingOfWhatItCannotSee(String sql) {
        var found = classify(sql);

        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.session()).isEqualTo(SessionEffect.ANYTHING);
    }

    /// What a block leaves is asked, but it hides no parameter unless what it calls or reads does.
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            emptyValue = "",
            value = {
                "DO $$ BEGIN NULL; END $$ # ''",
                "DO 'BEGIN NULL; END' # ''",
                "DO LANGUAGE plpgsql $x$ BEGIN NULL; END $x$ # ''",
                "DO $$ DECLARE a numeric(5, 2); BEGIN END $$ LANGUAGE plpgsql # ''",
                "DO $$ <<b>> BEGIN IF (a IN (1, 2)) THEN RETURN; END IF; END $$ # ''",
                "DO $$ BEGIN PERFORM coalesce(s.f(1), count(*) OVER (PARTITION BY a)) FROM t; END $$ # count,s.f",
                "DO $$ BEGIN a := perform(1); END $$ # perform",
                "DO $$ BEGIN a := \"values\"(1); END $$ # values",
                "DO $$ BEGIN SET LOCAL app.x = 1; PERFORM set_config('app.y', 'b', true); END $$ # set_config",
                "DO $$ BEGIN CALL p(1); LOCK TABLE t; END $$ # p"
            })
    void readsWhatABlockCalls(String sql, String functions) {
        var found = classify(sql);

        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.statement()).isEqualTo("DO");
        assertThat(found.session()).isEqualTo(SessionEffect.BLOCK);
        assertThat(String.join(",", found.functions().stream().sorted().toList()))
                .isEqualTo(functions);
    }

    @Test
    void readsWhatABlockReads() {
        var found = classify("DO $$ BEGIN PERFORM a FROM s.view_of_t JOIN pg_cursors ON true; END $$");

        assertThat(found.relations()).contains("view_of_t", "s.view_of_t", "pg_cursors");
        assertThat(SessionEffect.residues(found.session())).isEqualTo(Residues.ALL);
        assertThat(found.reason()).isEmpty();
        assertThat(classify("DO $$ BEGIN DEALLOCATE a; END $$").reason()).isEqualTo("may deallocate");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "SELECT set_config('Work_Mem', $1, false) | work_mem",
                "SELECT set_config('app.tenant', 'x', $1) | app.tenant",
                "SELECT pg_catalog.set_config('search_path', '', false) | search_path",
                "INSERT INTO t SELECT set_config('a.b', f(1, 2), (true)) | a.b",
                "SELECT set_config('role', 'a', false) | role"
            })
    void namesTheSettingThatSetConfigChanges(String sql, String name) {
        var found = classify(sql);

        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.session()).isEqualTo(new SessionEffect.Leaves(Residues.NONE, List.of(name)));
    }

    @Test
    void letsSetConfigOfOneTransactionGo() {
        var found = classify("select set_config('search_path', 'a', TRUE), set_config('role', $2, true)");
        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.session())
                .isEqualTo(new SessionEffect.Sets(
                        List.of(new SessionEffect.SetLocally("search_path"), new SessionEffect.SetLocally("role"))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SET LOCAL DateStyle TO DEFAULT | datestyle",
                "set local work_mem = default | work_mem",
                "SET LOCAL TIME ZONE DEFAULT | timezone",
                "SET LOCAL TIME ZONE LOCAL | timezone",
                "SET LOCAL NAMES DEFAULT | client_encoding",
                "SET LOCAL NAMES | client_encoding",
                "SET LOCAL SCHEMA DEFAULT | search_path",
                "SET LOCAL a.B = DEFAULT | a.b"
            })
    void knowsWhatIsAsTheSessionHasBegunForOneTransaction(String sql, String name) {
        assertThat(classify(sql).transaction()).isEqualTo(TransactionEffect.INSIDE);
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.ResetLocally(name));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SET LOCAL DateStyle TO ISO, 'default' | datestyle | SET DateStyle TO ISO, 'default'",
                "set local time zone 'UTC' | timezone | SET time zone 'UTC'",
                "SET LOCAL work_mem = 1; | work_mem | SET work_mem = 1",
                "SET LOCAL A.b = 'x' | a.b | SET A.b = 'x'",
                "SET LOCAL SCHEMA 's' | search_path | SET SCHEMA 's'",
                "SET LOCAL ROLE other | role | SET ROLE other",
                "SET LOCAL role TO other | role | SET role TO other"
            })
    void knowsWhatIsSetForOneTransaction(String sql, String name, String statement) {
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.SetLocally(name, statement));
    }

    /// PostgreSQL keeps the name of a custom parameter.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SELECT set_config('request.jwt', $1, true) | request.jwt",
                "WITH x AS (SELECT set_config('A.b', '(,)', true)) SELECT * FROM x | a.b",
                "INSERT INTO t SELECT set_config('a.b', f(1, 2), true) | a.b"
            })
    void knowsTheNameThatSetConfigOfOneTransactionLeaves(String sql, String name) {
        assertThat(classify(sql).access()).isEqualTo(Access.WRITE);
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.SetLocally(name));
    }

    /// PostGraphile names all claims of a request in one call.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT set_config($1, $2, true)",
                "SELECT set_config(el->>0, el->>1, true) FROM json_array_elements($1::json) el",
                "SELECT set_config(E'a', 'x', true)"
            })
    void knowsThatSomeNameIsLeftBySetConfigOfOneTransaction(String sql) {
        assertThat(classify(sql).session())
                .isEqualTo(new SessionEffect.SetLocally(SessionEffect.UNKNOWN_NAME)
                        .and(SessionEffect.leaves(Residue.TEMPORARY)));
    }

    @Test
    void knowsEachOfSeveralThatSetConfigLeaves() {
        var found = classify("SELECT set_config('a.b', 'x', true), set_config('c.d', 'x', false), lastval()");
        assertThat(found.session())
                .isEqualTo(new SessionEffect.Sets(List.of(
                        new SessionEffect.SetLocally("a.b"),
                        new SessionEffect.Leaves(Residues.of(Residue.SEQUENCES), List.of("c.d")))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT set_config($1, $2, false)",
                "SELECT set_config(name, 'x', $1) FROM t",
                "SELECT set_config('a' || 'b', 'x', false)",
                "SELECT set_config(E'a', 'x', 't')",
                "SELECT set_config(is_local => true, setting_name => 'a', new_value => 'b')"
            })
    void knowsNoSettingWhereSetConfigDoesNotTell(String sql) {
        assertThat(classify(sql).session()).isEqualTo(SessionEffect.leaves(Residue.SETTINGS));
    }

    /// A CREATE makes temporary objects without saying so while pg_temp is first in the path.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET search_path = pg_temp, public",
                "SET search_path TO \"$user\", \"pg_temp\"",
                "SET SCHEMA 'pg_temp'",
                "SELECT set_config('search_path', 'pg_temp', false)",
                "SELECT set_config('search_path', $1, false)"
            })
    void expectsAnythingUnderATemporaryPath(String sql) {
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.Leaves(Residues.ALL, List.of("search_path")));
    }

    @Test
    void saysCharacteristicsInTheirParameters() {
        assertThat(classify("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
                        .session())
                .isEqualTo(new SessionEffect.SetParameter(
                        "default_transaction_read_only", "SET default_transaction_read_only TO on"));
        assertThat(classify("set session characteristics as transaction isolation level repeatable read,"
                                + " read write not deferrable")
                        .session())
                .isEqualTo(new SessionEffect.Sets(List.of(
                        new SessionEffect.SetParameter(
                                "default_transaction_isolation",
                                "SET default_transaction_isolation TO 'repeatable read'"),
                        new SessionEffect.SetParameter(
                                "default_transaction_read_only", "SET default_transaction_read_only TO off"),
                        new SessionEffect.SetParameter(
                                "default_transaction_deferrable", "SET default_transaction_deferrable TO off"))));
    }

    @Test
    void keepsTheBytesOfASetOrNames() {
        var sql = "SET my.name = '\u00fc'".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(classifier.classify(sql, 0, sql.length, true).session())
                .isEqualTo(new SessionEffect.Leaves(Residues.NONE, List.of("my.name")));
    }

    // Several statements

    @Test
    void keepsEachOfSeveralStatements() {
        var found = classify("SET a.b = 'x';; INSERT INTO t VALUES (1); /* nothing */ ; COMMIT;");

        assertThat(found.parts()).extracting(QueryClass::statement).containsExactly("SET", "INSERT", "COMMIT");
        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.transaction()).isEqualTo(TransactionEffect.COMMIT);
        assertThat(found.session()).isEqualTo(new SessionEffect.Leaves(Residues.NONE, List.of("a.b")));
        assertThat(found.parts().getFirst().session()).isInstanceOf(SessionEffect.SetParameter.class);
    }

    @Test
    void seesWhereABodyOfStatementsEnds() {
        var body =
                "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a = 1 THEN 2 END; SELECT 1 AS end; END";

        assertThat(classify(body).parts()).isEmpty();
        assertThat(classify(body + "; SELECT 1").parts())
                .extracting(QueryClass::statement)
                .containsExactly("CREATE FUNCTION", "SELECT");
    }

    @Test
    void tellsWhoSeesPreparedStatements() {
        for (var sql : List.of(
                "SELECT * FROM pg_prepared_statements",
                "SELECT * FROM pg_catalog.pg_cursors",
                "SELECT pg_prepared_statement()",
                "EXECUTE p",
                "EXPLAIN EXECUTE p",
                "PREPARE p AS SELECT 1",
                "DEALLOCATE p; SELECT 1"))
            assertThat(classify(sql).seesStatements()).describedAs(sql).isTrue();
        for (var sql : List.of("SELECT 1", "SELECT * FROM prepared", "DEALLOCATE p", "INSERT INTO t VALUES (1)"))
            assertThat(classify(sql).seesStatements()).describedAs(sql).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "DROP DATABASE a | a",
                "DROP DATABASE IF EXISTS \"A b\" WITH (FORCE) | A b",
                "CREATE DATABASE a | template1",
                "CREATE DATABASE a WITH OWNER x TEMPLATE = b | b",
                "CREATE DATABASE a TEMPLATE DEFAULT | template1",
                "CREATE DATABASE a TEMPLATE 'b' | b",
                "ALTER DATABASE a RENAME TO b | a",
                "ALTER DATABASE a SET TABLESPACE b | a",
                "ALTER DATABASE a OWNER TO b | -",
                "ALTER DATABASE a SET work_mem TO 1 | -",
                "DROP TABLE a | -",
                "SELECT 1 | -"
            })
    void namesTheDatabaseThatMustBeEmpty(String sql, @Nullable String database) {
        assertThat(classify(sql).emptiesDatabase()).isEqualTo(database);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER ROLE a RENAME TO b",
                "ALTER USER a NOLOGIN",
                "ALTER GROUP a RENAME TO b",
                "ALTER ROLE a IN DATABASE b SET work_mem = 1",
                "CREATE ROLE a",
                "CREATE USER a",
                "DROP ROLE a",
                "DROP USER a",
                "DROP OWNED BY a",
                "CREATE DATABASE a",
                "ALTER DATABASE a RENAME TO b",
                "DROP DATABASE a",
                "GRANT CONNECT ON DATABASE a TO b",
                "REVOKE a FROM b"
            })
    void knowsWhatMayChangeLogins(String sql) {
        assertThat(classify(sql).mayChangeLogins()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"CREATE TABLE a (user name)", "DROP TABLE a", "SELECT 1", "ALTER TABLE a OWNER TO b"})
    void knowsWhatChangesNoLogins(String sql) {
        assertThat(classify(sql).mayChangeLogins()).isFalse();
    }

    // Names

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT 1 | ''",
                "SELECT a FROM t | t",
                "SELECT a FROM t, S.\"T\" x JOIN u ON x.a = ARRAY[u.a, 1], w WHERE a IN (SELECT b FROM v, vv) | t,s.T,u,w,v,vv",
                "SELECT a FROM ONLY (t) | t",
                "SELECT * FROM (t JOIN u USING (a, b)) x | t,u",
                "SELECT extract(year FROM d), substring(a FROM b FOR c), trim(BOTH FROM e) FROM t | t",
                "SELECT a IS DISTINCT FROM b, c FROM t | t",
                "SELECT * FROM f(1, 2) AS g(x, y), t, LATERAL h(t.a) | t",
                "SELECT * FROM a JOIN b ON CASE WHEN a.x THEN true END, c | a,b,c",
                "WITH x AS (SELECT * FROM x), y(a) AS (SELECT * FROM x) SELECT * FROM x, y, z | x,z",
                "WITH RECURSIVE x AS (SELECT 1 UNION SELECT * FROM x) SELECT * FROM x | ''",
                "SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) a, x | x",
                "TABLE t | t",
                "VALUES (1, 2) | ''",
                "SELECT 1 FROM t UNION TABLE u ORDER BY a, b | t,u",
                "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = excluded.b | t",
                "INSERT INTO t SELECT * FROM u RETURNING a, b | t,u",
                "UPDATE ONLY t x SET (a, b) = (SELECT 1, 2 FROM u), c = 1 FROM v, w WHERE x.a = v.a | t,u,v,w",
                "DELETE FROM t USING u, v WHERE t.a = u.a RETURNING a, b | t,u,v",
                "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1, b = 2 WHEN NOT MATCHED THEN INSERT (a) VALUES (1) | t,u",
                "WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x | t,u",
                "WITH t AS (SELECT 1) UPDATE t SET a = 1 | t",
                "COPY s.t (a, b) FROM STDIN | s.t",
                "COPY (SELECT * FROM t) TO STDOUT | t",
                "TRUNCATE TABLE a, ONLY b CASCADE | a,b",
                "CREATE TABLE n AS SELECT * FROM t | n,t",
                "CREATE TABLE n (a int REFERENCES t (b), LIKE s.u) | n,t,s.u",
                "CREATE TEMP TABLE IF NOT EXISTS n (a int) ON COMMIT DROP | n",
                "CREATE MATERIALIZED VIEW v AS SELECT * FROM t | v,t",
                "ALTER TABLE ONLY s.t ADD COLUMN a int DEFAULT f() | s.t,a,f",
                "DROP TABLE IF EXISTS a, b CASCADE | a,b",
                "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f() | g,t,f",
                "DECLARE c CURSOR FOR SELECT * FROM t | t",
                "EXPLAIN SELECT * FROM t | t",
                "SELECT * FROM ROWS FROM (f(1), g(2)) AS x, t | t"
            })
    void listsRelations(String sql, String relations) {
        var expected = relations.isEmpty() ? List.<String>of() : List.of(relations.split(","));

        assertThat(classify(sql).relations()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "INSERT INTO t (a) VALUES (f(1)) ON CONFLICT (a) DO NOTHING | f",
                "INSERT INTO t (a) VALUES (f(1)) ON CONFLICT (a) WHERE b DO UPDATE SET (a, b) = (g(1), 2) | f,g",
                "SELECT 1 FROM a JOIN b ON conflict(a) | conflict",
                "UPDATE t SET (a, b) = (f(1), 2) WHERE g(a) | f,g",
                "DELETE FROM t WHERE s.f(a) | s.f",
                "CALL p(f(1)) | p,f",
                "MERGE INTO t USING u ON f(a) WHEN NOT MATCHED THEN INSERT (a, b) VALUES (g(1), 2) | f,g",
                "SELECT CASE WHEN a THEN insert(1) END | insert",
                "CREATE TABLE t (a int DEFAULT f(), b numeric(1, 2), CHECK (g(a)), PRIMARY KEY (a)) | f,g",
                "CREATE TABLE t PARTITION OF u FOR VALUES FROM (f(1)) TO (2) | f",
                "CREATE INDEX i ON t USING gin (f(a)) | f",
                "CREATE TABLE t AS SELECT f(1) | f",
                "ALTER TABLE t ADD COLUMN a int DEFAULT f(), ADD PRIMARY KEY (a), ADD CHECK (g(a)) | f,g",
                "CREATE VIEW v AS SELECT f(1) | ''"
            })
    void listsCallsOfEveryKindOfStatement(String sql, String functions) {
        var expected = functions.isEmpty() ? List.<String>of() : List.of(functions.split(","));

        assertThat(classify(sql).functions()).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void knowsDiscardAndDeallocate() {
        assertThat(classify("DISCARD ALL").session()).isEqualTo(SessionEffect.DISCARD_ALL);
        assertThat(classify("RESET ALL").session()).isEqualTo(SessionEffect.RESET_ALL);
        assertThat(classify("DEALLOCATE ALL").session()).isEqualTo(SessionEffect.DEALLOCATE_ALL);
        assertThat(classify("DEALLOCATE PREPARE \"P\"").session()).isEqualTo(new SessionEffect.Deallocate("P"));
    }

    @Test
    void doesNotPinForWhatEndsWithTheTransaction() {
        assertThat(classify("SELECT pg_advisory_xact_lock(1)").session()).isEqualTo(SessionEffect.NONE);
        assertThat(classify("CREATE TABLE a (b int)").session()).isEqualTo(SessionEffect.NONE);
        assertThat(classify("CREATE TEMP TABLE a (b int) ON COMMIT DROP").session())
                .isEqualTo(SessionEffect.NONE);
        assertThat(classify("SET LOCAL work_mem = '1MB'").session())
                .isEqualTo(new SessionEffect.SetLocally("work_mem", "SET work_mem = '1MB'"));
        assertThat(classify("EXPLAIN CREATE TEMP TABLE a AS SELECT 1").session())
                .isEqualTo(SessionEffect.NONE);
    }

    @Test
    void namesDefinitionsOfFunctions() {
        assertThat(classify("create or replace function f() returns int language sql as ''")
                        .statement())
                .isEqualTo("CREATE FUNCTION");
        assertThat(classify("DROP PROCEDURE p").statement()).isEqualTo("DROP PROCEDURE");
        assertThat(classify("CREATE EXTENSION IF NOT EXISTS x").statement()).isEqualTo("CREATE EXTENSION");
    }

    @Test
    void listsFunctionsAsTheCatalogHasThem() {
        assertThat(classify("SELECT Abs(1), S.F(2), \"Q\"(3), abs(4)").functions())
                .containsExactly("abs", "s.f", "Q");
    }

    @Test
    void readsBackslashesAsTheSessionDoes() {
        var sql = "SELECT 'a\\'; DELETE FROM t; --'";

        assertThat(classify(sql, true).access()).isEqualTo(Access.WRITE);
        assertThat(classify(sql, false).access()).isEqualTo(Access.READ);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SELECT 'open",
                "SELECT \"open",
                "SELECT $a$ open",
                "SELECT /* open",
                "SELECT (1",
                "SELECT (1]",
                "EXPLAIN EXPLAIN SELECT 1",
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;",
                "SELECT 1)",
                "FOO BAR",
                "42"
            })
    void knowsNothingOfWhatIsNotWellFormed(String sql) {
        assertThat(classify(sql)).isEqualTo(QueryClass.UNKNOWN);
    }

    @Test
    void nothingToRunIsEmpty() {
        for (var sql : new String[] {"", "  ", ";", "-- comment", "/* x */ ; ;"})
            assertThat(classify(sql).access()).describedAs(sql).isEqualTo(Access.EMPTY);
    }

    /// What changes something stands behind what tells of one server.
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "SELECT name FROM pg_settings # true",
                "SELECT pg_backend_pid() FROM t FOR SHARE # true",
                "SELECT name FROM t # false",
                "WITH s AS (SELECT * FROM pg_settings), u AS (UPDATE t SET n = 1 RETURNING n) SELECT * FROM s, u # false",
                "WITH u AS (DELETE FROM t RETURNING n) SELECT * FROM u, pg_settings # false",
                "UPDATE pg_settings SET setting = '1' # false",
                "INSERT INTO t SELECT pid FROM pg_locks # false"
            })
    void knowsWhatTellsOfOneServer(String sql, boolean tells) {
        assertThat(classify(sql).tellsOfOneServer()).isEqualTo(tells);
    }
}
