package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.cluster.Node;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.sql.QueryClass;

/// Under random schedules of writes, reads, replay and samples no session reads what is too old for it.
///
/// The model is exact: a position is the number of writes that the primary has inserted, a standby shows what
/// it has replayed, and a sample that began at a time gives a position that the primary had at some moment
/// after.
@Timeout(120)
class ConsistencyPropertyTest {
    private static final int SESSIONS = 4;
    private static final int SCHEDULES = 2_000;
    private static final int STEPS = 300;
    private static final List<QueryClass> READ = Catalogs.batch("SELECT * FROM t");
    private static final List<QueryClass> NOTHING_NAMED = Catalogs.batch("SELECT 1");

    private static final class Schedule {
        private final Random random;
        private final Consistency consistency;
        private final TwoStandbys cluster = new TwoStandbys();
        private final Catalogs.Worker worker = new Catalogs.Worker();
        private final List<RoutingSession> sessions = new ArrayList<>();
        private final long[] wrote = new long[SESSIONS];
        private final long[] seen = new long[SESSIONS];
        private final ArrayDeque<long[]> samplesUnderWay = new ArrayDeque<>();
        private final Router router;
        private long inserted;
        private long acknowledged;
        private int standbyReads;

        Schedule(long seed) {
            random = new Random(seed);
            consistency = random.nextBoolean() ? Consistency.SESSION : Consistency.GLOBAL;
            var primaryReads = PrimaryReads.values()[random.nextInt(PrimaryReads.values().length)];
            var config = new RoutingConfig(
                    true, primaryReads, consistency, Duration.ofSeconds(10), List.of(), List.of(), List.of());
            var catalogs = new FunctionCatalog(_ -> Catalogs.SMALL, worker, worker::now);
            router = new Router(config, cluster, catalogs, worker::now, random::nextInt);
            catalogs.prepare("db");
            worker.passes(1, TimeUnit.MILLISECONDS);
            for (int i = 0; i < SESSIONS; i++) sessions.add(router.newSession("db"));
        }

        int run() {
            for (int i = 0; i < STEPS; i++) step();
            return standbyReads;
        }

        private void step() {
            worker.passes(random.nextInt(1, 400_000_000), TimeUnit.NANOSECONDS);
            switch (random.nextInt(8)) {
                case 0 -> write(random.nextInt(SESSIONS));
                case 1, 2, 3 -> read(random.nextInt(SESSIONS));
                case 4 -> samplesUnderWay.add(new long[] {worker.now(), 0});
                case 5 -> endSample();
                case 6 -> replay(random.nextInt(3));
                default -> nothingNamed(random.nextInt(SESSIONS));
            }
        }

        /// A write that nobody waits for, or one of a session.
        private void write(int session) {
            inserted++;
            cluster.position(cluster.primary(), inserted);
            if (random.nextInt(4) == 0) return;
            worker.passes(random.nextInt(1, 1_000_000), TimeUnit.NANOSECONDS);
            wrote[session] = inserted;
            acknowledged = inserted;
            sessions.get(session).wrote(worker.now());
        }

        private void endSample() {
            if (!samplesUnderWay.isEmpty()) cluster.sample(samplesUnderWay.pop()[0], inserted);
        }

        private void replay(int node) {
            if (node == cluster.primary()) return;
            long behind = inserted - cluster.position(node);
            if (behind > 0) cluster.position(node, cluster.position(node) + random.nextLong(behind + 1));
        }

        private void read(int session) {
            var routing = sessions.get(session);
            var decision = router.route(READ, routing);
            var standby = decision instanceof RoutingDecision.ToStandby(var node, var _) ? node : null;
            long least = cluster.position(standby == null ? cluster.primary() : standby.index());
            assertThat(least).describedAs("reads its writes").isGreaterThanOrEqualTo(wrote[session]);
            if (consistency == Consistency.GLOBAL)
                assertThat(least).describedAs("reads everybody's writes").isGreaterThanOrEqualTo(acknowledged);
            assertThat(least).describedAs("never backwards").isGreaterThanOrEqualTo(seen[session]);
            // More may be replayed or written before the read has its snapshot.
            if (random.nextInt(3) == 0) replay(random.nextInt(3));
            if (random.nextInt(3) == 0) cluster.position(cluster.primary(), ++inserted);
            seen[session] = cluster.position(standby == null ? cluster.primary() : standby.index());
            worker.passes(random.nextInt(1, 1_000_000), TimeUnit.NANOSECONDS);
            ended(routing, standby);
        }

        private void ended(RoutingSession routing, @org.jspecify.annotations.Nullable Node standby) {
            if (standby == null) {
                routing.readOnPrimary(worker.now());
                return;
            }
            standbyReads++;
            routing.read(standby, worker.now());
        }

        private void nothingNamed(int session) {
            var routing = sessions.get(session);
            var decision = router.route(NOTHING_NAMED, routing);
            if (decision instanceof RoutingDecision.ToStandby(var node, var _)) routing.read(node, worker.now());
        }
    }

    @Test
    void isNeverStaleAndNeverGoesBackwards() {
        long reads = 0;
        for (long seed = 0; seed < SCHEDULES; seed++) reads += new Schedule(seed).run();
        assertThat(reads).describedAs("reads on standbys").isGreaterThan(SCHEDULES * 10L);
    }
}
