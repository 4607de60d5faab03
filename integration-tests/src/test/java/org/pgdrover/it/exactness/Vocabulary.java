package org.pgdrover.it.exactness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// The statements that random clients use, by topic.
final class Vocabulary {
    private static final String[] SHARED_NAMES = {"one", "two", "three"};
    /// Of two topics a client speaks most of the time.
    private static final int FOCUS = 50;
    /// And often it looks at the state of its session.
    private static final int PROBES = 65;
    /// Now and then it says what the others say, too.
    private static final int REFRAIN = 75;

    private static final int REFRAIN_LENGTH = 2;
    /// One client in so many keeps to one topic and to transactions: whatever has to meet in one batch, meets.
    private static final int SINGLE_MINDED = 6;

    private final Map<String, List<String>> topics = new LinkedHashMap<>();

    /// All of it.
    Vocabulary() {
        this(_ -> true);
    }

    /// Those statements that are wanted.
    Vocabulary(Predicate<String> wanted) {
        List<String> topic = new ArrayList<>();
        boolean begun = false;
        for (var line : text("vocabulary.sql").lines().toList()) {
            if (line.matches("-- [a-z ]+")) {
                begun = true;
                topic = new ArrayList<>();
                topics.put(line.substring(3), topic);
            } else if (begun && wanted.test(line)) {
                topic.add(line);
            }
        }
        topics.values().removeIf(List::isEmpty);
    }

    private List<String> topic(String name) {
        return Objects.requireNonNull(topics.get(name), name);
    }

    /// A file beside the vocabulary.
    static String text(String name) {
        try (var in = Vocabulary.class.getResourceAsStream("/exactness/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private String anyTopic(Random random) {
        var names =
                topics.keySet().stream().filter(name -> !name.equals("parting")).toList();
        return names.get(random.nextInt(names.size()));
    }

    /// Statements for clients to have in common.
    List<String> refrain(Random random) {
        return Stream.generate(() -> topic(random.nextBoolean() ? "reads" : anyTopic(random)))
                .map(statements -> statements.get(random.nextInt(statements.size())))
                .limit(REFRAIN_LENGTH)
                .toList();
    }

    /// A client's way of talking: one topic or two that it prefers, and a number of its own.
    final class Speaker {
        private final Random random;
        private final long number;
        private final List<String> refrain;
        private final List<String> focus = new ArrayList<>();
        private final boolean singleMinded;

        /// @param refrain statements that others say, too
        Speaker(Random random, long number, List<String> refrain) {
            this.random = random;
            this.number = number;
            this.refrain = refrain;
            singleMinded = random.nextInt(SINGLE_MINDED) == 0;
            focus.addAll(topic(anyTopic(random)));
            if (!singleMinded) focus.addAll(topic(anyTopic(random)));
        }

        String statement() {
            int dice = random.nextInt(100);
            if (singleMinded) return from(dice < FOCUS + PROBES / 2 ? focus : topic("transactions"));
            if (dice < FOCUS) return from(focus);
            if (dice >= PROBES && dice < REFRAIN) return from(refrain);
            return from(topic(dice < PROBES ? "probes" : anyTopic(random)));
        }

        /// A statement of one topic.
        String about(String topic) {
            return from(topic(topic));
        }

        private String from(List<String> statements) {
            return statements
                    .get(random.nextInt(statements.size()))
                    .replace("${k}", Long.toString(number))
                    .replace("${n}", "\n")
                    .replace("${x}", SHARED_NAMES[random.nextInt(SHARED_NAMES.length)]);
        }
    }
}
