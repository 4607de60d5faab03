package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SavepointStatementTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SAVEPOINT a | MADE a",
                "savepoint A | MADE a",
                "SAVEPOINT \"A\" | MADE A",
                "SAVEPOINT savepoint | MADE savepoint",
                "RELEASE a | RELEASED a",
                "RELEASE SAVEPOINT a | RELEASED a",
                "RELEASE savepoint | RELEASED savepoint",
                "ROLLBACK TO a | GONE_BACK_TO a",
                "ROLLBACK WORK TO SAVEPOINT a | GONE_BACK_TO a",
                "ROLLBACK TRANSACTION TO savepoint; SELECT 1 | GONE_BACK_TO savepoint",
                "ROLLBACK | ''",
                "SELECT 'x; SAVEPOINT a' | ''",
                "BEGIN; SAVEPOINT a; /* ; RELEASE b */ RELEASE a; ROLLBACK | MADE a, RELEASED a"
            })
    void areReadAsPostgresReadsThem(String text, String found) {
        var all = SavepointStatement.all(text.getBytes(StandardCharsets.UTF_8), true);

        assertThat(all.stream().map(each -> each.kind() + " " + each.name()).collect(Collectors.joining(", ")))
                .isEqualTo(found);
    }
}
