package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

@Timeout(10)
class OwnTablesTest {
    private final OwnTables tables = new OwnTables(() -> {});

    private void ran(String sql) {
        ran(sql, Residues.NONE);
    }

    private void ran(String sql, Residues may) {
        var query = Catalogs.classify(sql);
        tables.ran(query, Definition.of(query), may);
    }

    @Test
    void knowsByEitherNameWhatItHasMade() {
        ran("CREATE TABLE s.n (a int)");
        ran("ALTER TABLE s.n ADD COLUMN b int", Residues.of(Residue.LOCKS));

        assertThat(tables.find("s.n")).isEqualTo(Residues.of(Residue.LOCKS));
        assertThat(tables.find("n")).isEqualTo(Residues.NONE);
        assertThat(tables.find("other")).isNull();

        ran("DROP TABLE s.n");
        assertThat(tables.isEmpty()).isTrue();
    }

    @Test
    void keepsNoMoreThanItMust() {
        for (int i = 0; i < 1000; i++) ran("CREATE TABLE n" + i + " (a int)");

        assertThat(tables.find("n0")).isEqualTo(Residues.NONE);
        assertThat(tables.find("n999")).isNull();
    }

    /// Another may have put a trigger on any of them since.
    @Test
    void forgetsAtTheEndOfTheTransactionWhatOthersSeeThen() {
        ran("CREATE TABLE n (a int)");
        ran("CREATE TEMP TABLE kept (a int)");
        ran("CREATE TEMP TABLE dropped (a int) ON COMMIT DROP");

        tables.committed();

        assertThat(tables.find("n")).isNull();
        assertThat(tables.find("dropped")).isNull();
        assertThat(tables.find("kept")).isEqualTo(Residues.NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ROLLBACK TO a", "DISCARD ALL", "CREATE SCHEMA s CREATE TABLE n (a int)", "DROP TABLE n"})
    void forgetsWhatMayBeGone(String sql) {
        ran("CREATE TEMP TABLE n (a int)");

        ran(sql);

        assertThat(tables.find("n")).isNull();
    }

    @Test
    void forgetsWhatWasRolledBackButNoEarlierTemporaryTable() {
        ran("CREATE TEMP TABLE earlier (a int)");
        tables.committed();
        ran("CREATE TABLE n (a int)");

        tables.rolledBack();

        assertThat(tables.find("n")).isNull();
        assertThat(tables.find("earlier")).isEqualTo(Residues.NONE);

        ran("DISCARD TEMP");
        assertThat(tables.find("earlier")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE IF NOT EXISTS n (a int)",
                "CREATE TEMP TABLE IF NOT EXISTS n (a int)",
                "CREATE TABLE IF NOT EXISTS n AS SELECT 1"
            })
    void takesNoTableForItsOwnThatMayHaveBeenThere(String sql) {
        ran(sql);

        assertThat(tables.find("n")).isNull();
    }
}
