package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HbaTokensTest {
    /// Fields apart by a bar, words by a semicolon, quoted ones with an exclamation mark.
    private static String tokens(String line) throws Unusable {
        return HbaTokens.of(line, name -> List.of(new Word("file:" + name, false))).stream()
                .map(field -> field.stream()
                        .map(word -> word.text() + (word.quoted() ? "!" : ""))
                        .collect(Collectors.joining(";")))
                .collect(Collectors.joining("|"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiterString = "=>",
            value = {
                "host all all => host|all|all",
                "` \thost\t all \r ` => host|all",
                "a,b c => a;b|c",
                "a, b c => a;b|c",
                "a ,b c => a|b|c",
                "a,,b => a;b",
                ",a => a",
                "a, => a",
                "a, # b => a",
                "a#b => a",
                "`# a` => ``",
                "\"a b\" => a b!",
                "\"a,b\" => a,b!",
                "\"a#b\" => a#b!",
                "\"\" => !",
                "\"a\"\"b\" => a\"b!",
                "\"\"\"\" => \"!",
                "\"\"\"a\" => \"a!",
                "a\"b c\" => ab c",
                "\"a\"b => ab!",
                "\"\"all => all!",
                "all\"\" => all",
                "+\"a b\" => +a b",
                "\"+a\" => +a!",
                "@names => file:names",
                "@\"a b\" => file:a b",
                "\"@names\" => @names!",
                "@ => @",
                "a,@n,b => a;file:n;b",
                "a@b => a@b",
                "\"/a b\" => /a b!",
                "a\\b => a\\b",
                "ä\u00a0b => ä\u00a0b"
            })
    void splitsAsPostgresqlDoes(String line, String tokens) throws Exception {
        assertThat(tokens(line)).isEqualTo(tokens);
    }

    @Test
    void refusesAQuoteThatDoesNotEnd() {
        assertThatThrownBy(() -> tokens("host \"all all"))
                .isInstanceOf(Unusable.class)
                .hasMessageContaining("closing double quote");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {"all", "\"all\"", "\"a b\"", "+\"a b\"", "\"a\"\"b\"", "+\"a\"\"b\"", "/^a$", "\"/^a b$\"", "\"\""
            })
    void spellsAWordAsItWasRead(String spelled) throws Exception {
        var word = HbaTokens.of(spelled, _ -> List.of()).getFirst().getFirst();

        assertThat(word).hasToString(spelled);
    }
}
