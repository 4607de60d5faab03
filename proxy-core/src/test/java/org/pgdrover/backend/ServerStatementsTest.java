package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.backend.ServerStatements.Prepared;

/// What a server connection has of prepared statements, whatever of what was sent is carried out.
@Timeout(60)
class ServerStatementsTest {
    private static final byte[] NAME = {'n'};

    private final ServerStatements statements = new ServerStatements(3);

    private Prepared there(Object key, Object shape) {
        statements.add(key, NAME, shape);
        return Objects.requireNonNull(statements.find(key));
    }

    private Prepared close(Object key) {
        return Objects.requireNonNull(statements.close(key));
    }

    @Test
    void hasAgainWhatIsNotClosedAndNotPreparedAgain() {
        var old = there("k", "old");
        close("k");
        statements.add("k", NAME, "new");

        statements.closeDiscarded(old);
        statements.parseDiscarded("k", "new");

        assertThat(statements.find("k")).isSameAs(old);
    }

    @Test
    void mayHaveWhatIsNotClosedYet() {
        assertThat(statements.mayBeThere("k")).isFalse();
        var left = there("k", "left");
        assertThat(statements.mayBeThere("k")).isTrue();

        close("k");
        assertThat(statements.mayBeThere("k")).isTrue();

        statements.closed(left);
        assertThat(statements.mayBeThere("k")).isFalse();
    }

    /// The batch behind the one that fails closes the statement after all.
    @Test
    void doesNotHaveWhatALaterCloseHasClosed() {
        var old = there("k", "old");
        close("k");
        var newer = there("k", "new");
        close("k");

        statements.closeDiscarded(old);
        statements.parseDiscarded("k", "new");
        statements.closed(newer);

        assertThat(statements.find("k")).isNull();
    }

    @Test
    void hasWhatNeitherOfTwoBatchesHasClosed() {
        var old = there("k", "old");
        close("k");
        var newer = there("k", "new");
        close("k");

        statements.closeDiscarded(old);
        statements.parseDiscarded("k", "new");
        statements.closeDiscarded(newer);

        assertThat(statements.find("k")).isSameAs(old);
    }

    /// What makes room for another statement may be wanted again before its Close is answered.
    @Test
    void closesOnceMoreWhatIsBeingClosed() {
        for (int i = 0; i < 4; i++) statements.add("k" + i, NAME, "s" + i);
        var surplus = Objects.requireNonNull(statements.closeSurplus());

        assertThat(statements.close("k0")).isSameAs(surplus);
        statements.add("k0", NAME, "again");
        statements.closeDiscarded(surplus);
        statements.closed(surplus);

        assertThat(statements.find("k0")).extracting(Prepared::shape).isEqualTo("again");
    }

    @Test
    void doesNotBringBackWhatDeallocateAllHasTaken() {
        var old = there("k", "old");
        close("k");
        statements.clearUpTo(statements.sent());

        statements.closeDiscarded(old);

        assertThat(statements.find("k")).isNull();
    }

    /// Batches of Close and Parse, of which any may fail at any message, are answered late.
    @Test
    void hasWhatTheServerHas() {
        for (int seed = 0; seed < 20_000; seed++) new Pipeline(new Random(seed)).run(seed);
    }

    private static final class Pipeline {
        private final Random random;
        private final ServerStatements statements = new ServerStatements(2);
        private final ArrayDeque<Sent> outstanding = new ArrayDeque<>();
        /// The shapes that the server has, by key.
        private final Map<Object, Object> server = new HashMap<>();
        private boolean failing;
        private int shapes;

        /// One message: a Close of a statement, a Parse of a shape, or Sync, which has neither.
        private record Sent(
                Object key,
                @Nullable Prepared closes,
                @Nullable Object shape) {}

        Pipeline(Random random) {
            this.random = random;
        }

        void run(int seed) {
            for (int step = 0; step < 40; step++) {
                if (random.nextInt(5) < 2) answer();
                else send();
            }
            while (!outstanding.isEmpty()) answer();
            for (var key : new String[] {"a", "b", "c"}) {
                var there = statements.find(key);
                assertThat(there == null ? null : there.shape())
                        .as("%s of seed %d", key, seed)
                        .isEqualTo(server.get(key));
            }
        }

        private void send() {
            var key = String.valueOf((char) ('a' + random.nextInt(3)));
            switch (random.nextInt(4)) {
                case 0 -> outstanding.add(new Sent("sync", null, null));
                case 1 -> close(key, statements.close(key));
                default -> {
                    close(key, statements.close(key));
                    if (statements.closeSurplus() instanceof Prepared surplus) close(surplus.key(), surplus);
                    var shape = "shape " + ++shapes;
                    statements.add(key, NAME, shape);
                    outstanding.add(new Sent(key, null, shape));
                }
            }
        }

        private void close(Object key, @Nullable Prepared closing) {
            if (closing != null) outstanding.add(new Sent(key, closing, null));
        }

        private void answer() {
            var sent = outstanding.poll();
            if (sent == null) return;
            if (sent.closes() == null && sent.shape() == null) failing = false;
            else if (!failing && random.nextInt(4) == 0) failing = true;
            if (sent.closes() instanceof Prepared closing) {
                if (failing) statements.closeDiscarded(closing);
                else statements.closed(closing);
                if (!failing) server.remove(sent.key());
            } else if (sent.shape() instanceof Object shape) {
                if (failing) statements.parseDiscarded(sent.key(), shape);
                else assertThat(server.put(sent.key(), shape)).isNull();
            }
        }
    }
}
