package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Step.Until;

/// Makes the steps of a client, drawing from a vocabulary.
final class StepMaker {
    private static final String[] STATEMENTS = {"", "", "s", "s1", "p"};
    private static final String[] PORTALS = {"", "", "c1", "c2"};
    private static final int[] LARGE = {70_000, 300_000};
    private static final int SET_CONFIG = 2078;
    private static final int ADVISORY_LOCK = 2880;
    private static final int INT4_PLUS = 177;
    private static final int UPPER = 871;
    private static final String[] PARAMETRIZED = {
        "SELECT $1::int + 1",
        "SELECT id, v FROM t WHERE id = $1",
        "SELECT v FROM t WHERE id <> $1 ORDER BY id",
        "SELECT 12 / $1::int",
        "SELECT set_config('app.tenant', $1, false)",
        "INSERT INTO t (id, v) VALUES (400 + $1, 'bound') ON CONFLICT (id) DO UPDATE SET n = t.n + 1 RETURNING n",
        "UPDATE t SET n = $1 WHERE id = 1",
    };

    private final Random random;
    private final Vocabulary.Speaker speaker;
    /// Whether the last step ended with a Flush.
    private boolean open;

    StepMaker(Random random, Vocabulary.Speaker speaker) {
        this.random = random;
        this.speaker = speaker;
    }

    List<Step> conversation(int length, Ending ending) {
        var steps = new ArrayList<Step>();
        while (steps.size() < length) {
            var step = step();
            if (step.isHarmless()) steps.add(afterFlush(step));
        }
        if (ending == Ending.TERMINATE) return steps;
        // Whatever changes tables is over before the end, which nobody waits for.
        steps.add(afterFlush(Step.of(Until.READY, Sent.sync())));
        steps.add(step(Until.NOTHING, List.of(Sent.query(joined("parting")))));
        return steps;
    }

    private Step step() {
        int dice = random.nextInt(100);
        if (dice < 38) return step(until(), List.of(Sent.query(large(speaker.statement()))));
        if (dice < 47) return step(until(), List.of(Sent.query(joined(null))));
        if (dice < 54) return step(until(), queries());
        if (dice < 72) return step(until(), pipeline());
        if (dice < 88) return step(until(), play());
        if (dice < 92) return flushed();
        if (dice < 98) return copyIn();
        return step(until(), List.of(functionCall()));
    }

    /// After a Flush an error makes the server skip everything up to a Sync, which a client sends before
    /// it goes on otherwise.
    private Step afterFlush(Step step) {
        boolean goesOn = "PBDECH".indexOf(step.messages().getFirst().type()) >= 0;
        boolean missing = open && !goesOn;
        open = step.messages().getLast().type() == 'H';
        if (!missing) return step;
        return step.with(
                Stream.concat(Stream.of(Sent.sync()), step.messages().stream()).toList());
    }

    private Step step(Until until, List<Sent> messages) {
        return new Step(messages, until, random.nextInt(4) == 0 ? random.nextLong() : 0);
    }

    private Until until() {
        return random.nextInt(6) == 0 ? Until.NOTHING : Until.READY;
    }

    private String large(String statement) {
        if (random.nextInt(250) > 0) return statement;
        return "/*" + " ".repeat(LARGE[random.nextInt(LARGE.length)]) + "*/ " + statement;
    }

    /// Some statements in one string.
    private String joined(@Nullable String topic) {
        return Stream.generate(() -> topic == null ? speaker.statement() : speaker.about(topic))
                .limit(topic == null ? 2 + random.nextInt(3) : 1 + random.nextInt(2))
                .collect(Collectors.joining("; "));
    }

    private List<Sent> queries() {
        return Stream.generate(() -> Sent.query(speaker.statement()))
                .limit(2 + random.nextInt(3))
                .toList();
    }

    /// Whole executions of the unnamed statement, some behind one Sync.
    private List<Sent> pipeline() {
        var messages = new ArrayList<Sent>();
        for (int left = 1 + random.nextInt(4); left > 0; left--) {
            messages.add(Sent.parse("", large(speaker.statement())));
            messages.add(Sent.bind("", ""));
            if (random.nextBoolean()) messages.add(Sent.describe('P', ""));
            messages.add(Sent.execute("", 0));
            if (left == 1 || random.nextInt(3) == 0) messages.add(Sent.sync());
        }
        return messages;
    }

    /// Messages of the extended protocol in any order that may make sense.
    private List<Sent> play() {
        var messages = new ArrayList<Sent>();
        for (int left = 1 + random.nextInt(5); left > 0; left--) {
            unit(messages);
            if (random.nextInt(3) == 0) messages.add(Sent.sync());
        }
        messages.add(Sent.sync());
        return messages;
    }

    private void unit(List<Sent> messages) {
        var statement = any(STATEMENTS);
        var portal = any(PORTALS);
        switch (random.nextInt(12)) {
            case 0 -> messages.add(Sent.bind(portal, statement, "2"));
            case 1 -> messages.add(Sent.execute(portal, random.nextInt(3)));
            case 2 ->
                messages.add(Sent.close(random.nextBoolean() ? 'S' : 'P', random.nextBoolean() ? statement : portal));
            case 3 -> messages.add(Sent.describe('S', statement));
            case 4 -> messages.add(Sent.describe('P', portal));
            case 5 ->
                messages.add(Sent.parse(statement, random.nextBoolean() ? speaker.statement() : any(PARAMETRIZED)));
            case 6 -> messages.add(Sent.bind(portal, statement));
            case 7, 8 -> {
                messages.add(Sent.bind(portal, statement));
                messages.add(Sent.execute(portal, random.nextInt(3)));
            }
            default -> whole(messages, statement, portal);
        }
    }

    private void whole(List<Sent> messages, String statement, String portal) {
        boolean bound = random.nextBoolean();
        if (!statement.isEmpty() && random.nextInt(3) == 0) messages.add(Sent.close('S', statement));
        messages.add(Sent.parse(statement, bound ? any(PARAMETRIZED) : speaker.statement()));
        if (random.nextInt(4) == 0) messages.add(Sent.describe('S', statement));
        messages.add(
                bound
                        ? Sent.bind(portal, statement, Integer.toString(random.nextInt(4)))
                        : Sent.bind(portal, statement));
        if (random.nextInt(3) == 0) messages.add(Sent.describe('P', portal));
        messages.add(Sent.execute(portal, random.nextInt(4) == 0 ? 1 : 0));
        if (random.nextInt(5) == 0) messages.add(Sent.execute(portal, 0));
    }

    private Step flushed() {
        var messages = new ArrayList<Sent>();
        for (int left = 1 + random.nextInt(2); left > 0; left--) unit(messages);
        messages.add(Sent.flush());
        return step(random.nextInt(4) == 0 ? Until.NOTHING : Until.FLUSHED, messages);
    }

    private Step copyIn() {
        var sql = switch (random.nextInt(4)) {
            case 0 -> "COPY t (id, v) FROM STDIN; SELECT count(*) FROM t";
            case 1 -> "SET app.tenant = 'copy'; COPY t (id, v) FROM STDIN; SELECT 1/0";
            default -> "COPY t (id, v) FROM STDIN";
        };
        var messages = new ArrayList<Sent>();
        boolean extended = random.nextInt(3) == 0 && !sql.contains(";");
        if (extended) messages.addAll(List.of(Sent.parse("", sql), Sent.bind("", ""), Sent.execute("", 0)));
        else messages.add(Sent.query(sql));
        if (random.nextInt(8) == 0) messages.add(Sent.flush());
        for (int i = random.nextInt(4); i > 0; i--) messages.add(Sent.copyData((500 + i) + "\tcopied\n"));
        if (random.nextInt(6) == 0) messages.add(Sent.copyData("no number\tx\n"));
        if (random.nextInt(6) == 0) messages.add(Sent.copyData("1\tdup\n"));
        messages.add(random.nextInt(4) == 0 ? Sent.copyFail("on purpose") : Sent.copyDone());
        if (extended) messages.add(Sent.sync());
        return step(until(), messages);
    }

    private Sent functionCall() {
        return switch (random.nextInt(4)) {
            case 0 -> Sent.functionCall(SET_CONFIG, "app.tenant", "called", "f");
            case 1 -> Sent.functionCall(INT4_PLUS, "1", "2");
            case 2 -> Sent.functionCall(UPPER, "abc");
            default -> Sent.functionCall(ADVISORY_LOCK, Long.toString(random.nextInt() & 0xFFFFFFL));
        };
    }

    private String any(String[] names) {
        return names[random.nextInt(names.length)];
    }
}
