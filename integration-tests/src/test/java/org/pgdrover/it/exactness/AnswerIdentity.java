package org.pgdrover.it.exactness;

import java.io.PrintStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.pgdrover.server.embedded.EmbeddedNode;

/// Counts answers that carry the nonce of their request, while clients leave, cancel and lose their
/// servers.
final class AnswerIdentity {
    static final String USER = "nonces";
    static final Map<String, Integer> POOLS = Map.of(USER, 4);

    private static final long DISTURBANCE = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long REPORT = TimeUnit.SECONDS.toNanos(10);

    private final Options options;
    private final LongSupplier nanoTime;
    private final PrintStream out;
    private final NonceTally tally = new NonceTally();
    private long begun;

    /// @param disturb whether servers are terminated
    record Options(long seed, long answers, long seconds, int clients, boolean disturb) {}

    AnswerIdentity(Options options, LongSupplier nanoTime, PrintStream out) {
        this.options = options;
        this.nanoTime = nanoTime;
        this.out = out;
    }

    static void prepare(EmbeddedNode primary) throws SQLException {
        primary.sql(Rig.PROXIED, "CREATE TABLE public.kept (nonce bigint)", "GRANT ALL ON public.kept TO public");
    }

    NonceTally run(Rig rig) throws InterruptedException, SQLException {
        begun = nanoTime.getAsLong();
        var threads = new ArrayList<Thread>();
        var startup = Map.of("user", USER, "database", Rig.PROXIED);
        for (int i = 0; i < options.clients; i++) {
            var client = new NonceClient(rig.proxyPort(), startup, tally, new Random(options.seed + i), this::isGoing);
            threads.add(Thread.ofPlatform().name("client " + i).start(client::run));
        }
        disturbUntilTheEnd(rig);
        for (var thread : threads) thread.join();
        tally.compareWrites(writes(rig));
        tell();
        return tally;
    }

    private boolean isGoing() {
        return tally.answers() < options.answers && elapsed() < TimeUnit.SECONDS.toNanos(options.seconds);
    }

    private long elapsed() {
        return nanoTime.getAsLong() - begun;
    }

    private void disturbUntilTheEnd(Rig rig) throws SQLException {
        for (long told = 0; isGoing(); LockSupport.parkNanos(DISTURBANCE)) {
            if (options.disturb) NonceClient.terminateSome(rig, USER);
            if (elapsed() - told < REPORT) continue;
            told = elapsed();
            tell();
        }
    }

    private void tell() {
        out.println(TimeUnit.NANOSECONDS.toSeconds(elapsed()) + " s: " + tally.summary());
        out.flush();
    }

    private static long[] writes(Rig rig) throws SQLException {
        var all = LongStream.builder();
        try (var connection = rig.primary().connect(Rig.PROXIED);
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT nonce FROM kept ORDER BY nonce")) {
            while (rows.next()) all.add(rows.getLong(1));
        }
        return all.build().toArray();
    }
}
