package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies in PL/pgSQL that run text, some of which sets a parameter that no view shows.
@Timeout(10)
class FunctionBodyTest {
    private static Residues residues(String statements) {
        return FunctionBody.of("BEGIN " + statements + "; END", false).residues();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SET seed = 0.5", "SET LOCAL seed TO 0.5", "SET SESSION \"seed\" = v"})
    void knowsThatASeedLasts(String statements) {
        assertThat(residues(statements)).isEqualTo(Residues.of(Residue.LASTING));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EXECUTE format('SET app.x = %L', v)",
                "EXECUTE format('select set_config(%L, %L, false)', k, v)",
                "EXECUTE 'select pg_catalog.Set_Config(''a.b'', ''c'', false)'",
                "EXECUTE 'set ' || k || ' = 1'",
                "EXECUTE 'se' || 't app.x = 1'",
                "EXECUTE 'SET app' || '.x = 1'",
                "EXECUTE 'SET ' || quote_ident(k) || ' TO 1'",
                "EXECUTE 'SET SESSION app.x = 1'",
                "EXECUTE 'SET \"app\".x = 1'",
                "EXECUTE 'RESET app.x'",
                "EXECUTE 'RESET ALL'",
                "EXECUTE 'UPDATE t SET a = 1; SET app.x = 1'",
                "EXECUTE 'SET LOCAL a = 1;\nset app.x = 1'",
                "EXECUTE '-- a comment\n SET app.x = 1'",
                "EXECUTE '/* a comment */SET app.x = 1'",
                "EXECUTE $$  SET app.x = 1 $$",
                "EXECUTE E'\\n\\tSET app.x = 1'",
                "EXECUTE E'\\x53ET app.x = 1'",
                "EXECUTE 'DO $x$ BEGIN SET app.x = 1; END $x$'",
                "EXECUTE 'DO $x$BEGIN EXECUTE ''SET app.x = 1''; END $x$'",
                "sql := 'SET app.x = ' || v; EXECUTE sql",
                "sql := format('%s SET app.x = 1', sql); EXECUTE sql",
                "PERFORM set_config('a.b', v, false); EXECUTE sql",
                "EXECUTE sql; SET app.x = 1",
                "FOR r IN EXECUTE 'SELECT set_config(''a.b'', $1, false)' USING v LOOP NULL; END LOOP",
                "PERFORM query_to_xml('SELECT set_config(''a.b'', ''c'', false)', true, true, '')"
            })
    void tellsThatTextSetsAParameter(String statements) {
        assertThat(residues(statements)).isEqualTo(Residues.ALL_AND_SETS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EXECUTE sql",
                "EXECUTE format('ANALYZE %I', t)",
                "EXECUTE 'UPDATE t SET app = 1'",
                "EXECUTE format('UPDATE %I SET %I = %L', t, c, v)",
                "EXECUTE 'UPDATE ' || quote_ident(t) || ' SET ' || quote_ident(c) || ' = 1'",
                "EXECUTE 'UPDATE ' || t || E'\\n SET ' || c || ' = 1'",
                "sql := 'UPDATE t'; EXECUTE sql || ' SET a = 1'",
                "EXECUTE 'ALTER TABLE ' || t || ' SET (fillfactor = 70)'",
                "EXECUTE format('ALTER TABLE %s SET SCHEMA %I', t, s)",
                "EXECUTE 'SET LOCAL app.x = 1'",
                "EXECUTE format('SET LOCAL %I = 1', k)",
                "EXECUTE 'SET TRANSACTION READ ONLY'",
                "EXECUTE format('SET search_path TO %I', s)",
                "EXECUTE 'SET SESSION work_mem = ' || v",
                "EXECUTE format('SET ROLE %I', r); EXECUTE 'RESET ROLE'",
                "EXECUTE 'SET ROLE ' || quote_ident(r)",
                "EXECUTE 'SET SESSION AUTHORIZATION ' || quote_ident(r)",
                "RAISE NOTICE 'set %', k; EXECUTE sql",
                "EXECUTE sql; INSERT INTO audit VALUES ('Set by hand', 'Reset by hand', 'offset settings')",
                "PERFORM set_config('a.b', v, true); EXECUTE sql"
            })
    void seesNothingInOtherTextThatIsRun(String statements) {
        assertThat(residues(statements)).isEqualTo(Residues.ALL);
    }

    @Test
    void looksOnlyAtTextThatMayBeRun() {
        assertThat(residues("a := 'SET app.x = 1'")).isEqualTo(Residues.NONE);
        assertThat(residues("SET app.x = 1")).isEqualTo(Residues.of(Residue.SETTINGS));
    }

    @Test
    void expectsThatABodyWhichItCannotReadSetsParameters() {
        assertThat(residues("RETURN U&\"\\0065vil\"(1)")).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(residues("EXECUTE E'it\\'s'")).isEqualTo(Residues.ALL);
        assertThat(residues("EXECUTE E'it\\'s; SET app.x = 1'")).isEqualTo(Residues.ALL_AND_SETS);
    }

    /// Strings with escapes mean the same whatever standard_conforming_strings is.
    @Test
    void readsStringsWithEscapes() {
        var body = FunctionBody.of("BEGIN RAISE NOTICE E'it\\'s, \\\\'; PERFORM evil(1); END", false);

        assertThat(body.residues()).isEqualTo(Residues.NONE);
        assertThat(body.calls()).containsExactly("evil");
        assertThat(residues("EXECUTE E'SELECT \\'x\\''")).isEqualTo(Residues.ALL);
        assertThat(residues("EXECUTE E'it\\'s' || E'; SET app.x = 1'")).isEqualTo(Residues.ALL_AND_SETS);
    }

    /// Where other strings end, the setting standard_conforming_strings says.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "RAISE NOTICE 'a\\'; PERFORM evil(1)",
                "RAISE NOTICE 'a\\'; PERFORM evil(1); RAISE NOTICE 'b'",
                "RAISE NOTICE 'a\\', evil(1), 'b'; RAISE NOTICE 'c\\'",
                "RAISE NOTICE '%', length('x\\'' = ') + evil(1) + length('\\''')"
            })
    void readsStringsThatMayEndElsewhereInBothWays(String statements) {
        var body = FunctionBody.of("BEGIN " + statements + "; END", false);

        assertThat(body.residues()).isEqualTo(Residues.ALL);
        assertThat(body.changes()).isTrue();
        assertThat(body.calls()).contains("evil");
    }

    @Test
    void keepsWhatIsKnownToSetParametersInEveryUnion() {
        var settings = Residues.of(Residue.SETTINGS);

        assertThat(settings.sets()).isTrue();
        assertThat(Residues.ALL.sets()).isFalse();
        assertThat(Residues.ALL.and(settings)).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(settings.and(Residues.ALL)).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(Residues.ALL.and(Residues.of(Residue.LOCKS))).isEqualTo(Residues.ALL);
        assertThat(Residues.ALL_AND_SETS.and(Residues.ALL)).isEqualTo(Residues.ALL_AND_SETS);
        assertThat(Residues.ALL_AND_SETS.isAll()).isTrue();
    }
}
