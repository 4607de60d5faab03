package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class OwnTablesTest {
    private final OwnTables tables = new OwnTables(() -> {});

    private void made(String sql) {
        tables.made(Catalogs.classify(sql));
    }

    @Test
    void keepsNoMoreThanItMust() {
        for (int i = 0; i < 1000; i++) made("CREATE TABLE n" + i + " (a int)");

        assertThat(tables.has("n0")).isTrue();
        assertThat(tables.has("n999")).isFalse();
    }

    /// Another may have put a trigger on any of them since.
    @Test
    void forgetsAtTheEndOfTheTransactionWhatOthersSeeThen() {
        made("CREATE TABLE n (a int)");
        made("CREATE TEMP TABLE kept (a int)");
        made("CREATE TEMP TABLE dropped (a int) ON COMMIT DROP");

        tables.committed();

        assertThat(tables.has("n")).isFalse();
        assertThat(tables.has("dropped")).isFalse();
        assertThat(tables.has("kept")).isTrue();
    }

    @Test
    void forgetsWhatWasRolledBackButNoEarlierTemporaryTable() {
        made("CREATE TEMP TABLE earlier (a int)");
        tables.committed();
        made("CREATE TABLE n (a int)");

        tables.rolledBack();

        assertThat(tables.has("n")).isFalse();
        assertThat(tables.has("earlier")).isTrue();

        tables.clear();
        assertThat(tables.isEmpty()).isTrue();
    }
}
