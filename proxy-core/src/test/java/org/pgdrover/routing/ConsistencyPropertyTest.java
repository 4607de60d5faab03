package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.cluster.Node;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.sql.QueryClass;

/// Under random schedules of writes, reads, replay, samples and failovers no session reads what is too
/// old for it.
///
/// The model is exact: a position is the number of writes that the primary has inserted, a standby shows
/// what it has replayed, and a sample that began at a time gives a position that the primary had at some
/// moment after. A failover takes away what the new primary had not replayed; whoever had more is
/// brought back to that.
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
        private final PrimaryReads primaryReads;
        private long inserted;
        private long acknowledged;
        private int standbyReads;
        private int settled;

        Schedule(long seed) {
            random = new Random(seed);
            // The first numbers of neighbouring seeds are alike.
            consistency = seed % 2 == 0 ? Consistency.SESSION : Consistency.GLOBAL;
            primaryReads = PrimaryReads.values()[(int) (seed / 2 % PrimaryReads.values().length)];
            var config = new RoutingConfig(
                    true, primaryReads, consistency, Duration.ofSeconds(10), List.of(), List.of(), List.of());
            var catalogs = new FunctionCatalog(_ -> Catalogs.SMALL, worker, worker::now);
            router = new Router(config, cluster, catalogs, worker::now, random::nextInt);
            catalogs.prepare("db");
            worker.passes(1, TimeUnit.MILLISECONDS);
            for (int i = 0; i < SESSIONS; i++) sessions.add(router.newSession("db", "me"));
        }

        int run() {
            for (int i = 0; i < STEPS; i++) step();
            return standbyReads;
        }

        private void step() {
            worker.passes(random.nextInt(1, 400_000_000), TimeUnit.NANOSECONDS);
            switch (random.nextInt(24)) {
                case 0, 1, 2 -> write(random.nextInt(SESSIONS));
                case 3, 4, 5, 6, 7, 8, 9, 10 -> read(random.nextInt(SESSIONS));
                case 11, 12, 13 -> samplesUnderWay.add(new long[] {worker.now(), 0});
                case 14, 15, 16 -> endSample();
                case 17, 18 -> replay(random.nextInt(3));
                case 19 -> comesOrGoes(random.nextInt(3));
                case 20 -> settle(random.nextInt(SESSIONS));
                case 21 -> failOver(random.nextInt(3));
                default -> nothingNamed(random.nextInt(SESSIONS));
            }
        }

        private void comesOrGoes(int node) {
            if (node == cluster.primary()) return;
            if (random.nextBoolean()) cluster.serves(node, random.nextBoolean());
            else cluster.lag(node, random.nextBoolean() ? 0 : 20_000);
        }

        private void failOver(int node) {
            if (node == cluster.primary() || random.nextInt(4) > 0) return;
            int old = cluster.primary();
            inserted = cluster.position(node);
            acknowledged = Math.min(acknowledged, inserted);
            for (int i = 0; i < 3; i++) cluster.position(i, Math.min(cluster.position(i), inserted));
            for (int i = 0; i < SESSIONS; i++) {
                wrote[i] = Math.min(wrote[i], inserted);
                seen[i] = Math.min(seen[i], inserted);
            }
            samplesUnderWay.clear();
            cluster.serves(node, true);
            cluster.serves(old, random.nextBoolean());
            cluster.lag(node, 0);
            cluster.promote(node);
        }

        /// A standby is up to date, and the position of the primary has been sampled since: reads go to
        /// standbys.
        private void settle(int session) {
            int standby = (cluster.primary() + random.nextInt(1, 3)) % 3;
            // The first read of a term tells the session of the failover.
            read(session);
            cluster.serves(standby, true);
            cluster.lag(standby, 0);
            cluster.position(standby, inserted);
            worker.passes(1, TimeUnit.MILLISECONDS);
            cluster.sample(worker.now(), inserted);
            worker.passes(1, TimeUnit.MILLISECONDS);
            cluster.position(standby, inserted);
            var decision = router.route(READ, sessions.get(session));
            var none =
                    decision.reason() == RoutingReason.PRIMARYS_SHARE && primaryReads != PrimaryReads.WHEN_NO_STANDBY;
            assertThat(none || decision instanceof RoutingDecision.ToStandby)
                    .describedAs("reads from a standby that has what it must see: " + decision)
                    .isTrue();
            settled++;
            read(session);
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
            if (standby != null)
                assertThat(cluster.topology().state(standby))
                        .describedAs("a standby that serves")
                        .matches(state -> state.servesStandbyReads() && state.lagMillis() <= 10_000);
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

        private void ended(RoutingSession routing, @Nullable Node standby) {
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
        long settled = 0;
        for (long seed = 0; seed < SCHEDULES; seed++) {
            var schedule = new Schedule(seed);
            try {
                reads += schedule.run();
            } catch (AssertionError failed) {
                throw new AssertionError("seed " + seed, failed);
            }
            settled += schedule.settled;
        }
        assertThat(reads).describedAs("reads on standbys").isGreaterThan(SCHEDULES * 10L);
        assertThat(settled).describedAs("standbys that were up to date").isGreaterThan(SCHEDULES * 5L);
    }
}
