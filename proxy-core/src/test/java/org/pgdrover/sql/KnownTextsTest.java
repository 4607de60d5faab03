package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tests which texts have the class of one that was read before.
class KnownTextsTest {
    private final QueryClassifier classifier = new QueryClassifier();

    private QueryClass classify(String sql, boolean standardStrings) {
        var bytes = sql.getBytes(StandardCharsets.UTF_8);
        return classifier.classify(bytes, 0, bytes.length, standardStrings);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT a FROM t WHERE b = 1 | SELECT a FROM t WHERE b = 4711",
                "SELECT 1.5, -2 | SELECT 0.25, -300",
                "UPDATE t1 SET a = a + 7 WHERE b = 8 | UPDATE t1 SET a = a + 70 WHERE b = 81",
                "INSERT INTO t VALUES (1, 2, 'x1') | INSERT INTO t VALUES (30, 40, 'x1')",
                "DELETE FROM t WHERE a = 1 | DELETE FROM t WHERE a = 2",
                "BEGIN | BEGIN",
                "SET a.b = 'x' | SET a.b = 'x'"
            })
    void knowsAgain(String first, String second) {
        var read = classify(first, true);
        assertThat(classify(second, true)).isSameAs(read);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT f(1) FROM t1 | SELECT f(1) FROM t2",
                "SELECT f1(1) | SELECT f2(1)",
                "SELECT 1 FROM é1 | SELECT 1 FROM é2",
                "SET statement_timeout = 1 | SET statement_timeout = 2",
                "SET statement_timeout = 1 | SET statement_timeout = 1000",
                "EXPLAIN (ANALYZE 0) SELECT 1 | EXPLAIN (ANALYZE 1) SELECT 1",
                "SELECT set_config('a.b1', 'x', false) | SELECT set_config('a.b2', 'x', false)",
                "SELECT 1 FROM \"t1\" | SELECT 1 FROM \"t2\"",
                "SELECT 1 FROM t /* 1 */ | SELECT 1 FROM t /* 2 */",
                "SELECT $a1$ x $a1$ FROM t | SELECT $a2$ x $a2$ FROM t",
                "SELECT 0x1F FROM t | SELECT 5x1F FROM t",
                "SET a = 1; SELECT 1 | SET a = 2; SELECT 1",
                "SELECT 1 FROM t -- 1 | SELECT 1 FROM t -- 2"
            })
    void readsAnew(String first, String second) {
        var read = classify(first, true);
        assertThat(classify(second, true)).isNotSameAs(read);
    }

    @Test
    void readsAnewWhatABackslashMayMean() {
        var read = classify("SELECT 'a\\', f(1) --'", true);
        assertThat(classify("SELECT 'a\\', f(1) --'", false)).isNotSameAs(read);
        assertThat(read.functions())
                .isNotEqualTo(classify("SELECT 'a\\', f(1) --'", false).functions());
    }

    @Test
    void remembersNoLongText() {
        var text = "SELECT 1 FROM t" + " ".repeat(1_100);
        assertThat(classify(text, true)).isNotSameAs(classify(text, true));
    }
}
