package org.pgdrover.auth.users;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.StoredPassword;

class UserListFileTest {
    private static final String VERIFIER = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
            + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    @TempDir
    Path directory = Path.of(".");

    private UserListFile read(String... lines) throws Exception {
        return UserListFile.read(Files.writeString(directory.resolve("users.txt"), String.join("\n", lines)));
    }

    private static Optional<StoredPassword> find(UserListFile file, String user) {
        return file.find(user).toCompletableFuture().join();
    }

    @Test
    void readsPlainMd5AndScramSecrets() throws Exception {
        var file = read(
                "; comment",
                "",
                "\"plain\" \"pass \"\"word\"\"\"",
                "\"old\" \"md53175bce1d3201d16594cebf9d7eb3f9d\"",
                "  \"new\"   \"" + VERIFIER + "\"  ");

        assertThat(find(file, "plain")).contains(new StoredPassword.Plain("pass \"word\""));
        assertThat(find(file, "old")).contains(new StoredPassword.Md5("3175bce1d3201d16594cebf9d7eb3f9d"));
        assertThat(find(file, "new").orElseThrow()).isInstanceOf(StoredPassword.ScramVerifier.class);
        assertThat(find(file, "absent")).isEmpty();
        assertThat(file.users()).containsExactly("new", "old", "plain");
    }

    @Test
    void reportsEveryErrorWithItsLine() {
        assertThatThrownBy(() -> read(
                        "\"a\" \"x\"", "nobody", "\"b\" \"SCRAM-SHA-256$4096:oops\"", "\"a\" \"again\"", "\"\" \"x\""))
                .isInstanceOfSatisfying(
                        InvalidFileException.class,
                        invalid -> assertThat(invalid.problems())
                                .extracting("line")
                                .containsExactly(2, 3, 4, 5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"a\"\"x\"",
                "\"a\" \"x",
                "\"a\" \"x\" y",
                "\"a\" \"x\" \"y\"",
                "a \"x\"",
                "\"a\"",
                "\"a\" x",
                "\"a\" \"\u0000\"",
                "\"a\u001b[2J\" \"x\""
            })
    void refusesMalformedLines(String line) {
        assertThatThrownBy(() -> read(line)).isInstanceOf(InvalidFileException.class);
    }

    @Test
    void refusesWhatIsNotUtf8() throws Exception {
        var file = Files.write(directory.resolve("latin1"), "\"a\" \"x\"\n\"b\" \"\u00e4\"".getBytes(ISO_8859_1));

        assertThatThrownBy(() -> UserListFile.read(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage(file + ":2: the line is not UTF-8: save the file in that encoding");
    }

    @Test
    void readsLongWordsWithoutRecursion() throws Exception {
        var secret = "s\"\"".repeat(20_000);

        assertThat(find(read("\"a\" \"" + secret + "\""), "a"))
                .contains(new StoredPassword.Plain("s\"".repeat(20_000)));
        assertThatThrownBy(() -> read("\"a\" \"" + "s".repeat(70_000) + "\""))
                .hasMessageContaining("the line has 70006 bytes");
    }

    @Test
    void tellsNoSecret() throws Exception {
        var file =
                read("\"a\" \"hidden\"", "\"b\" \"" + VERIFIER + "\"", "\"c\" \"md53175bce1d3201d16594cebf9d7eb3f9d\"");

        for (var user : file.users())
            assertThat(find(file, user).orElseThrow().toString())
                    .contains("***")
                    .doesNotContain("hidden", "3175", "W22Z");
    }

    @Test
    void answersMd5AsPostgresqlDoes() {
        assertThat(Md5Password.digest("postgres", "postgres")).isEqualTo("3175bce1d3201d16594cebf9d7eb3f9d");
        byte[] salt = {1, 2, 3, 4};
        var answer = Md5Password.answer("3175bce1d3201d16594cebf9d7eb3f9d", salt);
        assertThat(answer).matches("md5[0-9a-f]{32}");
        assertThat(Md5Password.verify("3175bce1d3201d16594cebf9d7eb3f9d", salt, answer))
                .isTrue();
        assertThat(Md5Password.verify("3175bce1d3201d16594cebf9d7eb3f9d", new byte[] {4, 3, 2, 1}, answer))
                .isFalse();
    }
}
