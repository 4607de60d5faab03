package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules that the grammar's oracle cannot judge: what a statement does to the transaction and the session. */
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
                "SET search_path TO a, \"B\" | search_path"
            })
    void followsSettings(String sql, String name) {
        assertThat(classify(sql + " ;").session()).isEqualTo(new SessionEffect.SetParameter(name, sql));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"RESET work_mem | work_mem", "SET work_mem TO DEFAULT | work_mem", "SET TIME ZONE LOCAL | timezone"
            })
    void followsResets(String sql, String name) {
        assertThat(classify(sql).session()).isEqualTo(new SessionEffect.ResetParameter(name));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CREATE TEMP TABLE a (b int)",
                "create local temporary table a as select 1",
                "CREATE TEMPORARY VIEW v AS SELECT 1",
                "CREATE TABLE pg_temp.a (b int)",
                "SELECT 1 INTO TEMP a",
                "PREPARE p AS SELECT 1",
                "LISTEN a",
                "LOAD 'auto_explain'",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                "SET ROLE a",
                "SET SESSION AUTHORIZATION a",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                "SELECT set_config('work_mem', '1MB', false)",
                "SELECT pg_advisory_lock(1)",
                "SELECT pg_try_advisory_lock(1, 2)",
                "INSERT INTO t SELECT pg_catalog.pg_advisory_lock(1)",
                "SET work_mem = '1MB'; SELECT 1",
                "SELECT 1; CREATE TEMP TABLE a (b int)"
            })
    void pinsWhatCannotBeCarriedToAnotherServer(String sql) {
        var found = classify(sql);

        assertThat(found.access()).isEqualTo(Access.WRITE);
        assertThat(found.session()).isInstanceOf(SessionEffect.Pin.class);
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
}
