package org.pgdrover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Every class says what it is: one sentence of at most twenty words, whose subject is no clause.
class ClassSentencesTest {
    private static final int MOST_WORDS = 20;
    private static final int FEWEST_CLASSES = 200;
    private static final Set<String> BEGIN_CLAUSES =
            Set.of("What", "Whatever", "Whether", "How", "Where", "Who", "Whoever", "When", "Why", "Which");
    private static final Pattern CLASS = Pattern.compile(
            "((?:^///[^\\n]*\\n)+)(?:@\\w+(?:\\([^)]*\\))?\\s*)*"
                    + "(?:public |abstract |final |sealed |non-sealed )*(?:class|interface|record|enum) \\w",
            Pattern.MULTILINE);

    static List<Path> sources() throws IOException {
        var all = new ArrayList<Path>();
        for (var module : List.of("proxy-core", "proxy-auth", "proxy-server"))
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
                files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("package-info.java"))
                        .forEach(all::add);
            }
        return all;
    }

    private static String sentence(Path source) {
        try {
            var found = CLASS.matcher(Files.readString(source));
            if (!found.find()) return "";
            var text = found.group(1).replaceAll("(?m)^/// ?", "").strip();
            return text.split("\\n\\s*\\n", 2)[0].replaceAll("\\s+", " ").split("(?<=[.])\\s", 2)[0];
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static boolean isGood(String sentence) {
        var words = sentence.split(" ");
        return !sentence.isEmpty() && words.length <= MOST_WORDS && !BEGIN_CLAUSES.contains(words[0]);
    }

    @Test
    void areShortAndPlain() throws IOException {
        var sources = sources();

        assertThat(sources).hasSizeGreaterThan(FEWEST_CLASSES);
        assertThat(sources.stream()
                        .map(source -> source.getFileName() + ": " + sentence(source))
                        .filter(line -> !isGood(line.substring(line.indexOf(": ") + 2))))
                .isEmpty();
    }
}
