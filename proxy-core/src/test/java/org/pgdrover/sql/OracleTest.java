package org.pgdrover.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Holds the classifier against PostgreSQL's own grammar: see src/test/oracle/README.md.
@Timeout(300)
class OracleTest {
    private record Judged(String verdict, List<String> functions, String sql, List<String> relations) {
        boolean isRead() {
            return verdict.equals("read");
        }
    }

    private static final Set<String> CHANGES = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");
    private static final List<Judged> GOLDEN = new ArrayList<>();

    private final QueryClassifier classifier = new QueryClassifier();

    @BeforeAll
    static void read() throws IOException {
        var resource = Objects.requireNonNull(OracleTest.class.getResourceAsStream("golden.tsv.gz"));
        try (var lines =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(resource), StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                var parts = line.split("\t", -1);
                GOLDEN.add(new Judged(parts[0], names(parts[1]), unescape(parts[2]), names(parts[3])));
            }
        }
    }

    private static List<String> names(String column) {
        if (column.isEmpty()) return List.of();
        return Stream.of(column.split("\u0001")).map(OracleTest::unescape).toList();
    }

    private static String unescape(String text) {
        var plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            char escaped = text.charAt(++i);
            plain.append(
                    switch (escaped) {
                        case 'n' -> '\n';
                        case 't' -> '\t';
                        case 'r' -> '\r';
                        default -> escaped;
                    });
        }
        return plain.toString();
    }

    private QueryClass classify(String sql) {
        var bytes = sql.getBytes(StandardCharsets.UTF_8);
        return classifier.classify(bytes, 0, bytes.length, true);
    }

    private List<String> sql(Predicate<Judged> which) {
        return GOLDEN.stream().filter(which).map(Judged::sql).toList();
    }

    private boolean isCalledRead(Judged each) {
        return classify(each.sql()).access() == Access.READ;
    }

    @Test
    void callsNoWriteARead() {
        assertThat(GOLDEN).hasSizeGreaterThan(30_000);
        assertThat(sql(each -> !each.isRead() && isCalledRead(each))).isEmpty();
    }

    @Test
    void namesEveryFunctionThatAReadCalls() {
        assertThat(sql(each -> each.isRead() && isCalledRead(each) && !namesAll(each)))
                .isEmpty();
    }

    private boolean namesAll(Judged each) {
        return classify(each.sql()).functions().containsAll(each.functions());
    }

    /// Also of INSERT, UPDATE, DELETE and MERGE.
    @Test
    void namesEveryFunctionThatAChangeCalls() {
        assertThat(sql(each -> CHANGES.contains(classify(each.sql()).statement()) && !namesAll(each)))
                .isEmpty();
    }

    @Test
    void namesEveryRelation() {
        var judged = GOLDEN.stream().filter(each -> !each.relations().isEmpty()).toList();
        var understood = judged.stream()
                .filter(each -> classify(each.sql()) != QueryClass.UNKNOWN)
                .toList();
        var more = understood.stream()
                .filter(each -> classify(each.sql()).relations().size()
                        > each.relations().size())
                .map(Judged::sql)
                .toList();

        System.out.printf(
                "oracle: %d statements name relations, %d of them understood, %d list a name more%n",
                judged.size(), understood.size(), more.size());
        assertThat(understood.stream()
                        .filter(each -> !classify(each.sql()).relations().containsAll(each.relations()))
                        .map(Judged::sql))
                .isEmpty();
        assertThat(understood.size()).isGreaterThan(judged.size() * 98 / 100);
        assertThat(more.size()).describedAs("names more: %s", more).isLessThan(judged.size() / 50);
    }

    @Test
    void callsReadsReads() {
        var reads = GOLDEN.stream().filter(Judged::isRead).toList();
        var local = reads.stream().filter(this::isLocal).toList();
        var missed = reads.stream()
                .filter(each -> !isCalledRead(each) && !isLocal(each))
                .map(Judged::sql)
                .toList();

        System.out.printf(
                "oracle: %d statements; %d reads, of them %d about one server or session, %d called writes%n",
                GOLDEN.size(), reads.size(), local.size(), missed.size());
        assertThat(missed.size()).describedAs("reads called writes: %s", missed).isLessThan(reads.size() / 100);
        assertThat(local.size()).isLessThan(reads.size() / 20);
    }

    /// Reads that must stay on the primary although the grammar cannot know: they tell about one server,
    /// or change the session.
    private boolean isLocal(Judged each) {
        var reason = classify(each.sql()).reason();
        return reason.startsWith("what is local") || reason.startsWith("changes the session");
    }

    @Test
    void listsFewNamesThatAreNoFunctions() {
        var reads = GOLDEN.stream()
                .filter(each -> each.isRead() && isCalledRead(each))
                .toList();
        long tooCareful = reads.stream()
                .filter(each -> each.functions().isEmpty()
                        && !classify(each.sql()).functions().isEmpty())
                .count();
        System.out.printf("oracle: %d of %d reads list a function where none is called%n", tooCareful, reads.size());
        assertThat(tooCareful).isLessThan(reads.size() / 100);
    }

    /// Whatever stands around a write, it stays one.
    @Test
    void callsNoWriteAReadHoweverItIsDressed() {
        var random = new Random(20_261_124);
        var writes = GOLDEN.stream()
                .filter(each -> each.verdict().equals("write") && each.sql().length() < 2000)
                .toList();
        var dresses = List.of(
                "/* SELECT */ %s",
                "-- read\n%s",
                "SELECT 1; %s",
                "%s\n; SELECT 1",
                ";;%s;",
                "/* /* nested */ */\t%s -- end",
                "SELECT 'it''s'; %s",
                "SELECT $a$ ; $a$; %s");
        for (int i = 0; i < 20_000; i++) {
            var write = writes.get(random.nextInt(writes.size())).sql();
            var dressed = dresses.get(random.nextInt(dresses.size())).replace("%s", write);
            assertThat(classify(dressed).access()).describedAs(dressed).isNotEqualTo(Access.READ);
        }
    }

    /// Text cut or changed anywhere never breaks the classifier; only statements that PostgreSQL would
    /// take count elsewhere.
    @Test
    void answersToAnyText() {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            var bytes = GOLDEN.get(random.nextInt(GOLDEN.size())).sql().getBytes(StandardCharsets.UTF_8);
            if (bytes.length == 0) continue;
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            int to = random.nextInt(bytes.length + 1);
            assertThat(classifier.classify(bytes, 0, to, random.nextBoolean())).isNotNull();
        }
    }

    /// What is remembered of a text holds for the same text with other numbers.
    @Test
    void knowsTextsAgain() {
        var random = new Random(7);
        int again = 0;
        for (int round = 0; round < 3; round++)
            for (var each : GOLDEN) {
                var text = round == 0 ? each.sql() : withOtherDigits(each.sql(), random);
                var bytes = text.getBytes(StandardCharsets.UTF_8);
                var found = classifier.classify(bytes, 0, bytes.length, true);
                assertThat(found).describedAs(text).isEqualTo(classifier.read(bytes, 0, bytes.length, true));
                if (classifier.classify(bytes, 0, bytes.length, true) == found) again++;
            }

        assertThat(again).isGreaterThan(GOLDEN.size());
    }

    private static String withOtherDigits(String text, Random random) {
        var other = new StringBuilder(text);
        for (int i = 0; i < other.length(); i++)
            if (other.charAt(i) >= '0' && other.charAt(i) <= '9' && random.nextInt(3) == 0)
                other.setCharAt(i, (char) ('0' + random.nextInt(10)));
        return other.toString();
    }
}
