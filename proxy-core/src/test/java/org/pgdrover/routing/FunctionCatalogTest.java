package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FunctionCatalogTest {
    private final Catalogs.Worker worker = new Catalogs.Worker();
    private int readings;
    private String failsWith = "";
    private Runnable meanwhile = () -> {};

    private final FunctionCatalog catalogs = new FunctionCatalog(this::load, worker, worker::now);

    private DatabaseCatalog load(String database) throws SQLException {
        readings++;
        meanwhile.run();
        if (!failsWith.isEmpty()) throw new SQLException("no", failsWith);
        return Catalogs.SMALL;
    }

    @Test
    void knowsNothingBeforeItHasRead() {
        assertThat(catalogs.of("db").isKnown()).isFalse();
        assertThat(readings).isZero();

        worker.passes(1, TimeUnit.MILLISECONDS);

        assertThat(catalogs.of("db").isKnown()).isTrue();
        assertThat(readings).isEqualTo(1);
    }

    @Test
    void readsAgainEveryMinuteInOneChain() {
        catalogs.prepare("db");
        catalogs.prepare("db");

        worker.passes(10, TimeUnit.MINUTES);

        assertThat(readings).isEqualTo(11);
        assertThat(worker.waiting()).isEqualTo(1);
    }

    @Test
    void gathersDefinitionsIntoOneReading() {
        catalogs.prepare("db");
        worker.passes(1, TimeUnit.SECONDS);

        for (int i = 0; i < 100; i++) catalogs.defined("db", Catalogs.classify("DROP TABLE t"));
        assertThat(catalogs.of("db").relation("t")).isNull();
        assertThat(catalogs.of("db").relation("u")).isNotNull();
        worker.passes(1, TimeUnit.SECONDS);

        assertThat(readings).isEqualTo(2);
        assertThat(catalogs.of("db").relation("t")).isNotNull();
    }

    @Test
    void readsAgainWhatWasDefinedWhileItRead() {
        catalogs.prepare("db");
        meanwhile = () -> {
            if (readings == 1) catalogs.refresh("db");
        };

        worker.passes(1, TimeUnit.MILLISECONDS);
        assertThat(catalogs.of("db").relation("t")).isNull();
        assertThat(catalogs.of("db").function("abs")).isNotNull();
        worker.passes(1, TimeUnit.SECONDS);

        assertThat(catalogs.of("db").relation("t")).isNotNull();
        assertThat(readings).isEqualTo(2);
    }

    /// Its answer may be held back long after it is carried out, and what is read meanwhile may be older.
    @Test
    void knowsNothingOfADefinitionThatIsUnderWayHoweverOftenItReads() {
        catalogs.prepare("db");
        worker.passes(1, TimeUnit.SECONDS);

        var over = Objects.requireNonNull(catalogs.underWay("db", Catalogs.batch("ALTER TABLE t ADD a int")));
        worker.passes(10, TimeUnit.MINUTES);
        assertThat(catalogs.of("db").relation("t")).isNull();
        assertThat(catalogs.of("db").relation("view_of_f")).isNull();
        assertThat(catalogs.of("db").relation("u")).isNotNull();
        over.run();
        assertThat(catalogs.of("db").relation("t")).isNull();
        worker.passes(1, TimeUnit.SECONDS);

        assertThat(catalogs.of("db").relation("t")).isNotNull();
        assertThat(catalogs.of("db").relation("view_of_f")).isNotNull();
    }

    @Test
    void readsForAFifthOfTheTimeAtMostWhereDefinitionsDoNotEnd() {
        meanwhile = () -> worker.takes(100, TimeUnit.MILLISECONDS);
        catalogs.prepare("db");

        for (int i = 0; i < 1000; i++) {
            catalogs.defined("db", Catalogs.classify("DROP TABLE t"));
            worker.passes(10, TimeUnit.MILLISECONDS);
        }

        assertThat(readings).isBetween(16, 26);
        worker.passes(1, TimeUnit.SECONDS);
        assertThat(catalogs.of("db").relation("t")).isNotNull();
    }

    @Test
    void triesAgainAfterPausesThatDouble() {
        failsWith = "08001";
        catalogs.prepare("db");

        worker.passes(1, TimeUnit.SECONDS);
        assertThat(readings).isEqualTo(1);
        worker.passes(2, TimeUnit.SECONDS);
        assertThat(readings).isEqualTo(2);
        worker.passes(4, TimeUnit.SECONDS);
        assertThat(readings).isEqualTo(3);
        failsWith = "";
        worker.passes(8, TimeUnit.SECONDS);

        assertThat(catalogs.of("db").isKnown()).isTrue();
        assertThat(worker.waiting()).isEqualTo(1);
    }

    @Test
    void keepsWhatItKnewWhileReadingFails() {
        catalogs.prepare("db");
        worker.passes(1, TimeUnit.SECONDS);
        failsWith = "08001";

        worker.passes(5, TimeUnit.MINUTES);

        assertThat(catalogs.of("db").isKnown()).isTrue();
    }

    @Test
    void forgetsADatabaseThatIsGone() {
        failsWith = "3D000";
        catalogs.prepare("db");

        worker.passes(1, TimeUnit.HOURS);

        assertThat(readings).isEqualTo(1);
        assertThat(worker.waiting()).isZero();
    }

    @Test
    void forgetsADatabaseThatNobodyAsksAbout() {
        catalogs.prepare("db");

        worker.passes(3, TimeUnit.HOURS);

        assertThat(readings).isBetween(60, 62);
        assertThat(worker.waiting()).isZero();
    }
}
