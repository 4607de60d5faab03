package org.pgdrover.it.exactness;

import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.pgdrover.server.embedded.EmbeddedNode;

/// Lets many untidy clients share a few servers, and observers look at what is left in them.
final class LeakHunt {
    static final String USER = "leaky";
    static final Map<String, Integer> POOLS = Map.of(USER, 8);

    private static final int OBSERVERS = 24;
    private static final String SCHEMA = "w1_";

    private final Options options;
    private final LongSupplier nanoTime;
    private final PrintStream out;
    private final LongAdder sessions = new LongAdder();

    record Options(long seed, long seconds, int clients) {}

    LeakHunt(Options options, LongSupplier nanoTime, PrintStream out) {
        this.options = options;
        this.nanoTime = nanoTime;
        this.out = out;
    }

    static void prepare(EmbeddedNode primary) throws SQLException {
        Playground.prepare(primary, List.of(SCHEMA));
        primary.sql("postgres", "ALTER ROLE " + USER + " REPLICATION");
    }

    Leaks run(Rig rig) throws IOException, InterruptedException {
        var observer = Map.of("user", USER, "database", Rig.PROXIED);
        var leaky = Map.of("user", USER, "database", Rig.PROXIED, "search_path", SCHEMA + "0");
        var leaks = new Leaks(Observer.settings(rig, observer), nanoTime, out);
        long end = nanoTime.getAsLong() + TimeUnit.SECONDS.toNanos(options.seconds);
        BooleanSupplier going = () -> nanoTime.getAsLong() < end;
        var threads = new ArrayList<Thread>();
        var vocabulary = LeakyClient.vocabulary();
        for (int i = 0; i < options.clients; i++) {
            var client = new LeakyClient(rig.proxyPort(), leaky, new Random(options.seed + i), going, sessions);
            threads.add(Thread.ofVirtual().start(() -> client.run(vocabulary)));
        }
        for (int i = 0; i < OBSERVERS; i++) {
            var eyes = new Observer(rig, observer, new Random(options.seed - i), leaks);
            threads.add(Thread.ofVirtual().start(() -> eyes.run(going)));
        }
        for (var thread : threads) thread.join();
        out.println(sessions.sum() + " untidy sessions; " + leaks.summary());
        return leaks;
    }
}
