package org.pgdrover.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.cluster.Reports.failing;
import static org.pgdrover.cluster.Reports.node;
import static org.pgdrover.cluster.Reports.primary;
import static org.pgdrover.cluster.Reports.standby;
import static org.pgdrover.cluster.Reports.standbyAt;
import static org.pgdrover.cluster.Reports.streamsFrom;
import static org.pgdrover.cluster.Reports.up;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.ProbeFailure.Kind;
import org.pgdrover.config.HealthConfig;

class LossJudgementTest {
    private static final Node A = node(0);
    private static final Node B = node(1);
    private static final Node C = node(2);
    private static final NodeHealth WELL = up(A, primary(1, 100));
    private static final long SINCE = TimeUnit.SECONDS.toNanos(100);
    private static final LossJudgement JUDGEMENT = new LossJudgement(HealthConfig.DEFAULT);
    private static final PrimaryMemory MEMORY = new PrimaryMemory(A, primary(1, 100), Set.of(B, C), Map.of(), Set.of());

    @Test
    void waitsForEnoughRefusalsInARow() {
        assertThat(JUDGEMENT.tooSoon(WELL, SINCE)).isPresent();
        assertThat(JUDGEMENT.tooSoon(failing(WELL, Kind.REFUSED, 2, SINCE), SINCE))
                .isPresent();
        assertThat(JUDGEMENT.tooSoon(failing(WELL, Kind.REFUSED, 3, SINCE), SINCE))
                .isEmpty();
    }

    @Test
    void neverActsAgainstAPrimaryThatAnswersWithAnError() {
        assertThat(JUDGEMENT.tooSoon(failing(WELL, Kind.REJECTED, 100, SINCE), SINCE))
                .isPresent();
    }

    @Test
    void givesAPrimaryThatRecoversByItselfAsLongAsASilentOne() {
        var recovering = failing(WELL, Kind.NOT_READY, 15, SINCE);

        assertThat(JUDGEMENT.tooSoon(recovering, SINCE + TimeUnit.MILLISECONDS.toNanos(2900)))
                .isPresent();
        assertThat(JUDGEMENT.tooSoon(recovering, SINCE + TimeUnit.SECONDS.toNanos(3)))
                .isEmpty();
    }

    @Test
    void startsToCountAgainWhenAStoppingPrimaryBeginsToRefuse() {
        var restarting = failing(failing(WELL, Kind.NOT_READY, 15, SINCE), Kind.REFUSED, 1, SINCE);

        assertThat(JUDGEMENT.tooSoon(restarting, SINCE + 1)).isPresent();
    }

    @Test
    void takesTheWordOfAStandbyThatHeardFromThePrimarySinceWeLostIt() {
        var lost = failing(WELL, Kind.NO_ANSWER, 3, SINCE);
        var report = standbyAt(SINCE + TimeUnit.SECONDS.toNanos(4), 1, 100, streamsFrom(A, "b", 1000));

        assertThat(JUDGEMENT.objection(MEMORY, lost, List.of(up(B, report), up(C, standby(1, 100, null)))))
                .hasValueSatisfying(why -> assertThat(why).contains("alive", "pg2"));
    }

    @Test
    void waitsWhileAStandbysSenderCouldBeSilentAndAlive() {
        var lost = failing(WELL, Kind.NO_ANSWER, 3, SINCE);
        var silent = standbyAt(SINCE, 1, 100, streamsFrom(A, "b", 30_000));
        var dead = standbyAt(SINCE, 1, 100, streamsFrom(A, "b", 31_001));

        assertThat(JUDGEMENT.objection(MEMORY, lost, List.of(up(B, silent), up(C, dead))))
                .isPresent();
        assertThat(JUDGEMENT.objection(MEMORY, lost, List.of(up(B, dead), up(C, dead))))
                .isEmpty();
    }

    @Test
    void doesNotTakeTheWordOfAStandbyOfAStandby() {
        var lost = failing(WELL, Kind.REFUSED, 3, SINCE);
        var cascaded = up(C, standbyAt(SINCE, 1, 100, streamsFrom(B, "c", 10)));

        assertThat(JUDGEMENT.objection(MEMORY, lost, List.of(up(B, standby(1, 100, null)), cascaded)))
                .isEmpty();
    }

    @Test
    void takesASenderAtAnUnknownAddressForThePrimary() {
        var lost = failing(WELL, Kind.REFUSED, 3, SINCE);
        var alias = up(C, standbyAt(SINCE, 1, 100, streamsFrom(node(7), "c", 10)));

        assertThat(JUDGEMENT.objection(MEMORY, lost, List.of(up(B, standby(1, 100, null)), alias)))
                .isPresent();
    }

    @Test
    void needsMostStandbysOnItsSideAgainstASilentPrimary() {
        var silent = failing(WELL, Kind.NO_ANSWER, 3, SINCE);
        var refusing = failing(WELL, Kind.REFUSED, 3, SINCE);
        var reached = up(B, standby(1, 100, null));
        var unreached = failing(up(C, standby(1, 100, null)), Kind.NO_ANSWER, 1, SINCE);
        var lone = new PrimaryMemory(A, primary(1, 100), Set.of(B), Map.of(), Set.of());

        assertThat(JUDGEMENT.objection(MEMORY, silent, List.of(reached, unreached)))
                .isPresent();
        assertThat(JUDGEMENT.objection(MEMORY, refusing, List.of(reached, unreached)))
                .isEmpty();
        assertThat(JUDGEMENT.objection(lone, silent, List.of(reached, unreached)))
                .isEmpty();
    }
}
