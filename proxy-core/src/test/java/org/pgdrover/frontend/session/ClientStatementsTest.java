package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.sql.QueryClassifier;

@Timeout(60)
class ClientStatementsTest {
    private static final int RUNS = 300;
    private static final int STEPS = 400;

    private final ClientStatements statements = new ClientStatements();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ClientStatement statement(String name, boolean kept) {
        var definition = bytes("SELECT 1\0\0\0");
        var read = new QueryClassifier().classify(definition, 0, 8, true);
        return new ClientStatement(bytes(name), kept ? definition : null, read, null, null);
    }

    private static ClientStatement statement(String name) {
        return statement(name, true);
    }

    /// Found by the bytes of a message, in the midst of others.
    private @Nullable ClientStatement found(String name) {
        return found(statements, name);
    }

    private static @Nullable ClientStatement found(ClientStatements in, String name) {
        return in.find(Unpooled.wrappedBuffer(bytes("xx" + name + "xx")), 2, bytes(name).length);
    }

    private boolean isPending(String name) {
        return statements.isPending(Unpooled.wrappedBuffer(bytes("xx" + name + "xx")), 2, bytes(name).length);
    }

    /// Names that fall into the same places of the table: "Aa" and "BB" have the same hash.
    private static final List<String> NAMES = IntStream.range(0, 256)
            .mapToObj(i -> IntStream.range(0, 8)
                    .mapToObj(bit -> (i >> bit & 1) == 0 ? "Aa" : "BB")
                    .reduce("", String::concat)
                    .substring(0, 2 + i % 14))
            .distinct()
            .toList();

    @Test
    void isTheMapThatItLooksLike() {
        for (long seed = 0; seed < RUNS; seed++) {
            var random = new Random(seed);
            var real = new ClientStatements();
            var model = new LinkedHashMap<String, ClientStatement>();
            var gone = new ArrayList<ClientStatement>();
            for (int step = 0; step < STEPS; step++) {
                var name = NAMES.get(random.nextInt(NAMES.size()));
                switch (random.nextInt(12)) {
                    case 0, 1, 2, 3, 4, 5 -> {
                        var made = statement(name, random.nextInt(10) > 0);
                        real.add(made);
                        // One that is prepared again is the newest.
                        if (model.remove(name) instanceof ClientStatement old) gone.add(old);
                        model.put(name, made);
                    }
                    case 6, 7, 8, 9 -> {
                        if (model.remove(name) instanceof ClientStatement removed) real.remove(removed);
                    }
                    case 10 -> {
                        // Something else has its name by now, or nothing.
                        if (!gone.isEmpty()) real.remove(gone.get(random.nextInt(gone.size())));
                    }
                    default -> {
                        if (random.nextInt(20) == 0) {
                            real.clear();
                            model.clear();
                        }
                    }
                }
                assertThat(real.size()).isEqualTo(model.size());
                assertThat(found(real, name)).isSameAs(model.get(name));
                assertThat(real.hasUnkept()).isEqualTo(model.values().stream().anyMatch(each -> !each.isKept()));
            }
            assertThat(real.named()).describedAs("seed %d", seed).containsExactlyElementsOf(model.values());
            for (var name : NAMES) {
                assertThat(found(real, name)).isSameAs(model.get(name));
                assertThat(real.find(bytes(name))).isSameAs(model.get(name));
            }
        }
    }

    @Test
    void hasOneUnnamedStatementBesideTheOthers() {
        var unnamed = statement("");
        statements.add(unnamed);
        statements.add(statement("a"));

        assertThat(found("")).isSameAs(unnamed);
        assertThat(statements.size()).isEqualTo(1);
        assertThat(statements.named()).hasSize(1);

        statements.clear();
        assertThat(found("")).describedAs("DEALLOCATE ALL keeps it").isSameAs(unnamed);
        assertThat(found("a")).isNull();

        var next = statement("");
        statements.add(next);
        statements.remove(unnamed);
        assertThat(found("")).isSameAs(next);
        statements.remove(next);
        assertThat(found("")).isNull();
    }

    @Test
    void knowsWhetherOneWasTooLargeToKeep() {
        statements.add(statement("", false));
        statements.add(statement("a", false));
        assertThat(statements.hasUnkept()).isTrue();

        statements.clear();
        assertThat(statements.hasUnkept()).describedAs("the unnamed one").isTrue();
        statements.add(statement(""));
        assertThat(statements.hasUnkept()).isFalse();

        statements.add(statement("a", false));
        statements.add(statement("a"));
        assertThat(statements.hasUnkept()).isFalse();
    }

    /// Until the last of several requests is answered nobody knows what the name means.
    @Test
    void isUncertainOfANameWhileAnAnswerIsOwed() {
        statements.planned(bytes("a"));
        statements.planned(bytes("a"));
        statements.planned(bytes("b"));

        statements.settled(bytes("a"));
        assertThat(isPending("a")).isTrue();
        assertThat(isPending("b")).isTrue();
        assertThat(isPending("c")).isFalse();
        assertThat(isPending("")).isFalse();

        statements.settled(bytes("a"));
        assertThat(isPending("a")).isFalse();
        assertThat(statements.isAnyNamePending()).isTrue();
        statements.settled(bytes("b"));
        assertThat(statements.isAnyNamePending()).isFalse();
    }

    @Test
    void isUncertainOfTheUnnamedStatementAlone() {
        statements.planned(bytes(""));
        statements.planned(bytes(""));
        statements.settled(bytes(""));

        assertThat(isPending("")).isTrue();
        assertThat(isPending("a")).isFalse();
        assertThat(statements.isAnyNamePending()).isFalse();
        statements.settled(bytes(""));
        assertThat(isPending("")).isFalse();
    }
}
