package org.pgdrover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// A class that has outgrown its sentence is split: no file has more than 350 lines.
class ClassSizesTest {
    private static final int MOST_LINES = 350;

    /// Files that are longer, with the lines that they have; the list only shrinks.
    private static final Map<String, Integer> LONGER = Map.of(
            "ClientConnection.java", 351,
            "ServerLease.java", 491,
            "ServerPool.java", 437,
            "SqlLexer.java", 392);

    @Test
    void areSmall() throws IOException {
        var tooLong = new TreeMap<String, Integer>();
        for (var source : ClassSentencesTest.sources()) {
            int lines = Files.readAllLines(source).size();
            var name = source.getFileName().toString();
            if (lines > LONGER.getOrDefault(name, MOST_LINES)) tooLong.put(name, lines);
        }

        assertThat(tooLong).isEmpty();
    }

    @Test
    void standInTheListOnlyWhileTheyAreLonger() throws IOException {
        var longer = new TreeMap<String, Integer>();
        for (var source : ClassSentencesTest.sources()) {
            int lines = Files.readAllLines(source).size();
            if (lines > MOST_LINES) longer.put(source.getFileName().toString(), lines);
        }

        assertThat(longer.keySet()).containsAll(LONGER.keySet());
    }
}
