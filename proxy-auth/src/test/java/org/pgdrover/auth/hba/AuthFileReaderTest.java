package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthFileReaderTest {
    private final MemoryFiles files = new MemoryFiles();

    private List<String> read(String... lines) throws IOException {
        files.with("top", lines);
        return readFile("top");
    }

    /// file:line words, or file:line ! problem
    private List<String> readFile(String name) throws IOException {
        return AuthFileReader.read(MemoryFiles.path(name), files).stream()
                .map(line -> line.file().getFileName() + ":" + line.line()
                        + (line.problem() == null
                                ? " "
                                        + line.fields().stream()
                                                .map(field -> field.stream()
                                                        .map(Word::toString)
                                                        .collect(Collectors.joining(",")))
                                                .collect(Collectors.joining(" "))
                                : " ! " + line.problem()))
                .toList();
    }

    @Test
    void countsLinesThatBackslashesJoin() throws Exception {
        assertThat(read("a \\", "b", "c\\", "d \"x\\", "y\"", "# comment \\", "still comment", "z\\"))
                .containsExactly("top:1 a b", "top:3 cd \"xy\"", "top:8 z");
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            value = {
                // Two backslashes are one and a continuation; an empty line behind it ends the line.
                "a\\\\\\\\N\\Nb => top:1 a\\\\ top:3 b",
                "a\\\\N => top:1 a",
                "a\\\\R\\Nb => top:1 ab",
                "a \\\\N\\\\Nb => top:1 a b",
                "\\N\\Na => top:3 a",
                "a\\R\\Nb\\R => top:1 a top:2 b"
            })
    void joinsAsPostgresqlDoes(String text, String expected) throws Exception {
        var content = text.replace("\\N", "\n").replace("\\R", "\r").replace("\\\\", "\\");
        files.with("top", content.getBytes(java.nio.charset.StandardCharsets.UTF_8));

        assertThat(String.join(" ", readFile("top"))).isEqualTo(expected.replace("\\\\", "\\"));
    }

    @Test
    void readsIncludedFilesInPlace() throws Exception {
        files.with("one", "b", "include deep/two", "d")
                .with("deep/two", "c", "include three")
                .with("deep/three", "c3");

        assertThat(read("a", "include one", "include_if_exists absent", "\"include\" one", "e"))
                .containsExactly(
                        "top:1 a",
                        "one:1 b",
                        "two:1 c",
                        "three:1 c3",
                        "one:3 d",
                        "one:1 b",
                        "two:1 c",
                        "three:1 c3",
                        "one:3 d",
                        "top:5 e");
    }

    @Test
    void readsDirectoriesInTheOrderOfBytes() throws Exception {
        files.with("d/b.conf", "b")
                .with("d/B.conf", "B")
                .with("d/a10.conf", "a10")
                .with("d/a9.conf", "a9");
        files.with("d/.hidden.conf", "no")
                .with("d/.conf", "no")
                .with("d/x.conf~", "no")
                .with("d/y", "no");
        files.with("d/ä.conf", "ae").with("d/deeper/z.conf", "no");

        assertThat(read("include_dir d"))
                .containsExactly("B.conf:1 B", "a10.conf:1 a10", "a9.conf:1 a9", "b.conf:1 b", "ä.conf:1 ae");
    }

    @Test
    void namesWhatCannotBeIncluded() throws Exception {
        files.with("loop", "include loop").with("a b", "x").with("bad", "\"open");

        assertThat(read(
                        "include absent",
                        "include_dir absent",
                        "include loop",
                        "include x,y",
                        "include \"a b\"",
                        "x @absent",
                        "y @bad",
                        "include \"\"",
                        "z @loop"))
                .containsExactly(
                        "top:1 ! cannot read /files/absent: there is no such file",
                        "top:2 ! cannot read directory /files/absent: there is no such directory",
                        "loop:1 ! /files/loop includes itself: remove the circle",
                        "top:4 ! include takes one name, not a list: write a line for each",
                        "a b:1 x",
                        "top:6 ! @absent: cannot read /files/absent: there is no such file",
                        "top:7 ! @bad: /files/bad:1: a quoted word does not end: add the closing double quote",
                        "top:8 ! an empty file name: add it",
                        "top:9 ! @loop: /files/loop:1: /files/loop includes itself: remove the circle");
    }

    @Test
    void readsWordsFromFiles() throws Exception {
        files.with("names", "a, b # comment", "\"c d\" e", "@more")
                .with("more", "all", "\"all\"")
                .with("empty", "# none");

        assertThat(read("host x,@names y", "host @empty x"))
                .containsExactly(
                        "top:1 host x,a,b,\"c d\",e,all,\"all\" y",
                        "top:2 ! @empty: /files/empty names nothing: add a name, or remove the rule");
    }

    @Test
    void goesTenFilesDeep() throws Exception {
        IntStream.range(1, 12).forEach(i -> files.with("f" + i, "r" + i, "include f" + (i + 1)));
        files.with("f12", "never");

        var lines = read("include f1");

        assertThat(lines).contains("f10:1 r10").doesNotContain("f11:1 r11");
        assertThat(lines.getLast())
                .startsWith("f10:2 ! cannot read /files/f11: files that include files, more than 10 deep");
    }

    @Test
    void boundsTheNumberOfFiles() throws Exception {
        files.with("f0", "x");
        for (int i = 1; i < 8; i++) {
            var lines = new String[10];
            Arrays.fill(lines, "include f" + (i - 1));
            files.with("f" + i, lines);
        }

        assertThat(readFile("f7")).anyMatch(line -> line.contains("more than 1000 files in all"));
    }

    @Test
    void boundsTheLengthOfALine() throws Exception {
        var part = "x".repeat(60_000) + "\\";

        assertThat(read(part, part, "y", part, part, part, part, part, "z", "a"))
                .hasSize(3)
                .satisfies(lines -> assertThat(lines.get(1))
                        .startsWith("top:4 ! the line, with those that it goes on in, is longer"));
        assertThat(read("x".repeat(70_000), "a"))
                .containsExactly("top:1 ! the line has 70000 bytes (expected: <= 65536)", "top:2 a");
    }

    @Test
    void refusesWhatIsNotText() throws Exception {
        files.with("top", new byte[] {'a', '\n', (byte) 0xff, '\n', 'b', 0, '\n', 'c', 0x1b, '\n', 'd', '\r', '\n'});
        files.with("mark", "\uFEFFhost");

        assertThat(readFile("top"))
                .containsExactly(
                        "top:1 a",
                        "top:2 ! the line is not UTF-8: save the file in that encoding",
                        "top:3 ! control character U+0000: remove it",
                        "top:4 ! control character U+001B: remove it",
                        "top:5 d");
        assertThat(readFile("mark"))
                .containsExactly("mark:1 ! the file begins with a byte order mark: save it without one");
    }

    @Test
    void readsFromTheDisk(@TempDir Path directory) throws Exception {
        var top = Files.writeString(directory.resolve("top"), "include_dir d\n@names @d\n");
        Files.writeString(Files.createDirectory(directory.resolve("d")).resolve("a.conf"), "x @../names");
        Files.createDirectory(directory.resolve("d/sub.conf"));
        Files.writeString(directory.resolve("names"), "n");

        var lines = AuthFileReader.read(top, AuthFiles.ON_DISK);

        assertThat(lines.getFirst().fields()).hasToString("[[x], [n]]");
        assertThat(lines.getLast().problem()).contains("is not a regular file");
        assertThatThrownBy(() -> AuthFileReader.read(directory.resolve("absent"), AuthFiles.ON_DISK))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("absent: there is no such file");
        assertThatThrownBy(() -> AuthFileReader.read(Path.of("/dev/zero"), AuthFiles.ON_DISK))
                .hasMessage("cannot read /dev/zero: it is not a regular file");
    }

    @Test
    void refusesAFileThatIsTooLong(@TempDir Path directory) throws Exception {
        var file = Files.write(directory.resolve("long"), new byte[(4 << 20) + 1]);

        assertThatThrownBy(() -> AuthFileReader.read(file, AuthFiles.ON_DISK))
                .hasMessageContaining("longer than 4194304 bytes");
    }
}
