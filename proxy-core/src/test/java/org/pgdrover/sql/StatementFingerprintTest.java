package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatementFingerprintTest {
    private final StatementFingerprint fingerprint = new StatementFingerprint();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "SELECT 1 | SELECT $1",
                "SELECT 'a''b', E'c\\'d', $$e$$, $x$f$$g$x$, B'1', 0x1F, 1.5e-3 | SELECT $1, $2, $3, $4, $5, $6, $7",
                "select * from t where a = $2 and b = -7 | select * from t where a = $2 and b = -$3",
                "ALTER ROLE a PASSWORD 'secret' | ALTER ROLE a PASSWORD $1",
                "SELECT /* user 7 */ x, -- user 8 | SELECT x,",
                "SELECT \"it's\", x::text, a.b, ARRAY[1,2] | SELECT \"it's\", x::text, a.b, ARRAY[$1,$2]",
                "INSERT INTO t VALUES (1, 'cut in the mid | INSERT INTO t VALUES ($1, …",
                "SELECT * FROM t WHERE name = 'müller' AND ö = 1 | SELECT * FROM t WHERE name = $1 AND ö = $2",
                "SELECT n'x', u&'y' | SELECT $1, $2"
            })
    void leavesTheLiteralsOut(String sql, String expected) {
        assertThat(fingerprint.of(sql)).isEqualTo(expected);
    }

    /// Nobody can write a line of their own into a log, or speak to the terminal that shows it.
    @Test
    void staysOnOneLine() {
        assertThat(fingerprint.of("SELECT 1 AS \"x\n2026-11-26 ERROR forged\u001b[31m\u0085\u2028\u202e\""))
                .isEqualTo("SELECT $1 AS \"x 2026-11-26 ERROR forged [31m   \"");
    }

    @Test
    void isTheSameForStatementsThatDifferInLiteralsAndSpaceAlone() {
        assertThat(fingerprint.of("SELECT  1,\n'a'")).isEqualTo(fingerprint.of("SELECT 22, -- x\n  'bbb'"));
        assertThat(fingerprint.of("")).isEmpty();
    }

    /// Whether the string ends at the first or at the second quote depends on a setting.
    @Test
    void showsNothingThatMayBeDataBehindABackslash() {
        assertThat(fingerprint.of("SELECT 'a\\' || secret || ' or b'")).doesNotContain("secret");
        assertThat(fingerprint.of("SELECT 'C:\\dir', secret")).isEqualTo("SELECT $1, secret");
    }
}
