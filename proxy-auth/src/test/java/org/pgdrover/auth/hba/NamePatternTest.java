package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamePatternTest {
    @ParameterizedTest
    @CsvSource({
        "^a, ab, true",
        "^a, ba, false",
        "b, abc, true",
        "^(app|web)_[0-9]{2}$, web_07, true",
        "^(app|web)_[0-9]{2}$, web_071, false",
        "(?i)^ADMIN$, admin, true",
        "^[[:alpha:]]+$, abc, true",
        "^[[:alpha:][:digit:]]+$, abc1, true",
        "^[]a]$, ], true",
        "^[^]a]$, b, true",
        "^[.]$, ., true",
        "^[.=]$, x, false",
        "^\\d\\w$, 1_, true",
        "^ä$, ä, true",
        "'', anything, true"
    })
    void findsPartsOfNames(String expression, String name, boolean matches) throws Exception {
        assertThat(NamePattern.of(expression).matches(name)).isEqualTo(matches);
    }

    @Test
    void dollarIsTheVeryEnd() throws Exception {
        assertThat(NamePattern.of("^admin$").matches("admin\n")).isFalse();
        assertThat(NamePattern.of("^a.b$").matches("a\nb")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "[a",
                "a**",
                "(?=a)",
                "(?<!a)b",
                "(a)\\1",
                "\\ya",
                "\\mfoo\\M",
                "[[:<:]]a",
                "\\bfoo",
                "foo\\B",
                "[[.a.]]",
                "[a[=b=]]",
                "x{2,1}",
                "\\"
            })
    void refusesWhatIsNoExpressionOrAnotherInPostgresql(String expression) {
        assertThatThrownBy(() -> NamePattern.of(expression))
                .isInstanceOf(Unusable.class)
                .hasMessageContaining(expression);
    }

    @Test
    void refusesLongExpressions() {
        assertThatThrownBy(() -> NamePattern.of("a".repeat(1025)))
                .hasMessageContaining("1025 characters (expected: <= 1024)");
    }

    @Test
    void refusesLargeExpressions() {
        assertThatThrownBy(() -> NamePattern.of("(a{10}){90}".repeat(12))).hasMessageContaining("is too large");
        assertThatThrownBy(() -> NamePattern.of("(a{100}){100}")).isInstanceOf(Unusable.class);
    }

    @ParameterizedTest
    @CsvSource({
        "^(.*)@example\\.org$, me@example.org, me",
        "^(.*)@(.*)$, me@example.org, me",
        "'^CN=([^,]+)', 'CN=me,O=x', me",
        "^(a)?b$, b, ",
        "^(.*)$, '', ''",
        "^(.*)@.*$, me@evil@example.org, me@evil",
        "^(.*?)@.*$, me@evil@example.org, me"
    })
    void tellsWhatTheFirstGroupHolds(String expression, String name, @org.jspecify.annotations.Nullable String group)
            throws Exception {
        assertThat(NamePattern.of(expression).firstGroup(name).orElse(null)).isEqualTo(group);
    }

    @Test
    void takesTimeLinearInTheName() throws Exception {
        var pattern = NamePattern.of("^(a+)+$");
        var hostile = "a".repeat(10_000) + "b";

        assertTimeoutPreemptively(
                Duration.ofSeconds(5),
                () -> assertThat(pattern.matches(hostile)).isFalse());
    }
}
