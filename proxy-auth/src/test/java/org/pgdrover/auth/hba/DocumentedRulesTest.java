package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgdrover.auth.AuthenticationMethod;

/// The rules that docs/authentication.md shows for directories and tokens are rules.
class DocumentedRulesTest {
    private static final Pattern BLOCK = Pattern.compile("```\n([^`]*\\b(?:ldap|oauth)\\b[^`]*)```");

    static List<String> blocks() throws Exception {
        var text = Files.readString(Path.of("..", "docs", "authentication.md"));
        return BLOCK.matcher(text)
                .results()
                .map(MatchResult::group)
                .map(block -> block.replace("```", ""))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void areRead(String block) throws Exception {
        var file = new MemoryFiles().with("hba", block.getBytes(StandardCharsets.UTF_8));

        assertThat(HbaParser.parse(MemoryFiles.path("hba"), file).rules())
                .isNotEmpty()
                .extracting(HbaRule::method)
                .isSubsetOf(AuthenticationMethod.LDAP, AuthenticationMethod.OAUTH);
    }
}
