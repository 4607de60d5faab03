package org.pgdrover.it.exactness;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.pgdrover.it.exactness.Scenario.Ending;

/// A client that leaves as much session state behind as it can.
final class LeakyClient {
    /// What would make clients wait for one another, or changes what all of them use.
    private static final Pattern NOT_SAID = Pattern.compile(
            "LOCK TABLE|FOR UPDATE|FOR SHARE|INSERT INTO|UPDATE|DELETE|COPY|f_write|pr_commit|made|migrated|VACUUM");

    private static final int MAX_STEPS = 8;
    private static final int PATIENCE = 250;

    private final int port;
    private final Map<String, String> startup;
    private final Random random;
    private final BooleanSupplier going;
    private final LongAdder sessions;

    LeakyClient(int port, Map<String, String> startup, Random random, BooleanSupplier going, LongAdder sessions) {
        this.port = port;
        this.startup = startup;
        this.random = random;
        this.going = going;
        this.sessions = sessions;
    }

    static Vocabulary vocabulary() {
        return new Vocabulary(statement -> !NOT_SAID.matcher(statement).find());
    }

    void run(Vocabulary vocabulary) {
        while (going.getAsBoolean()) {
            try {
                session(vocabulary.new Speaker(random, random.nextInt(1_000_000), vocabulary.refrain(random)));
                sessions.increment();
            } catch (IOException lost) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
        }
    }

    private void session(Vocabulary.Speaker speaker) throws IOException {
        var parameters = new HashMap<>(startup);
        if (random.nextInt(4) == 0) parameters.put("TimeZone", "Asia/Tokyo");
        if (random.nextInt(4) == 0) parameters.put("application_name", "leaky");
        if (random.nextInt(8) == 0) parameters.put("app.tenant", "startup");
        var ending = Ending.values()[random.nextInt(Ending.values().length)];
        var steps = new StepMaker(random, speaker).conversation(1 + random.nextInt(MAX_STEPS), ending);
        try (var talk = new Talk(port, parameters)) {
            talk.await(PATIENCE * 20);
            for (var step : steps.subList(0, steps.size() - 1)) {
                talk.send(step);
                talk.await(PATIENCE);
                if (talk.isClosed()) return;
            }
            talk.leave(ending, steps.getLast());
        }
    }
}
