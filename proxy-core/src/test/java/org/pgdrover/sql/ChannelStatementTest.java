package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelStatementTest {
    private static @Nullable ChannelStatement of(String sql) {
        return ChannelStatement.of(sql.getBytes(StandardCharsets.UTF_8), true);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "LISTEN news              | true  | news",
                "listen News;             | true  | news",
                "/* a */ LISTEN x -- b    | true  | x",
                "LISTEN _a1$;;            | true  | _a1$",
                "LISTEN \"Odd \"\"one\"\"\" | true  | Odd \"one\"",
                "LISTEN \"select\"        | true  | select",
                "LISTEN \"é\"             | true  | é",
                "LISTEN cache             | true  | cache",
                "UNLISTEN news            | false | news",
                "unlisten *;              | false | "
            })
    void readsWhatTheServerWouldUnderstand(String sql, boolean listens, @Nullable String channel) {
        assertThat(of(sql)).isEqualTo(new ChannelStatement(listens, channel));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LISTEN",
                "LISTEN *",
                "LISTEN select",
                "LISTEN user",
                "LISTEN \"\"",
                "LISTEN a b",
                "LISTEN a.b",
                "LISTEN a; LISTEN b",
                "LISTEN 'a'",
                "LISTEN 1",
                "LISTEN É",
                "LISTEN U&\"a\"",
                "LISTEN a23456789012345678901234567890123456789012345678901234567890123x",
                "SELECT 1",
                "UNLISTEN",
                "LISTEN \"a"
            })
    void leavesTheRestToTheServer(String sql) {
        assertThat(of(sql)).isNull();
    }

    @Test
    void findsThemAmongOtherStatements() {
        var sql = "SELECT pg_advisory_unlock_all(); UNLISTEN a; LISTEN b; SELECT 'UNLISTEN c'; UNLISTEN *;";
        assertThat(ChannelStatement.all(sql.getBytes(StandardCharsets.UTF_8), true))
                .containsExactly(
                        new ChannelStatement(false, "a"),
                        new ChannelStatement(true, "b"),
                        new ChannelStatement(false, null));
    }
}
