package org.pgdrover.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.cluster.ProbeFailure.Kind.NO_ANSWER;
import static org.pgdrover.cluster.ProbeFailure.Kind.REFUSED;
import static org.pgdrover.cluster.Reports.failing;
import static org.pgdrover.cluster.Reports.node;
import static org.pgdrover.cluster.Reports.primary;
import static org.pgdrover.cluster.Reports.standby;
import static org.pgdrover.cluster.Reports.stranger;
import static org.pgdrover.cluster.Reports.streamsFrom;
import static org.pgdrover.cluster.Reports.up;

import java.util.List;
import org.junit.jupiter.api.Test;

class LeadershipTest {
    private static final Node A = node(0);
    private static final Node B = node(1);
    private static final Node C = node(2);

    /// What is held after A was seen as primary on timeline 1.
    private static Leadership ofA() {
        return Leadership.NONE
                .elect(List.of(up(A, primary(1, 100)), up(B, standby(1, 100, null))))
                .next();
    }

    @Test
    void takesTheOnlyNodeThatIsNotInRecovery() {
        var election = Leadership.NONE.elect(List.of(up(A, standby(1, 9, null)), up(B, primary(1, 9))));

        assertThat(election.primary()).isEqualTo(B);
        assertThat(election.refusals()).isEmpty();
    }

    @Test
    void followsAPromotionAndRefusesTheOldPrimaryForGood() {
        var promoted = ofA().elect(List.of(up(A, primary(1, 100)), up(B, primary(2, 101))));
        var oneDown =
                promoted.next().elect(List.of(up(A, primary(1, 100)), failing(up(B, primary(2, 101)), REFUSED, 1, 0)));

        assertThat(promoted.primary()).isEqualTo(B);
        assertThat(promoted.refusals()).singleElement().asString().contains("pg1", "timeline 1");
        assertThat(oneDown.primary()).isNull();
    }

    @Test
    void refusesAnOldPrimaryWhenAStandbyAloneKnowsTheNewTimeline() {
        var election = Leadership.NONE.elect(List.of(up(A, primary(1, 100)), up(C, standby(2, 120, null))));

        assertThat(election.primary()).isNull();
    }

    @Test
    void takesThePrimaryBackThatOnlyCrashed() {
        var down = ofA().elect(List.of(failing(up(A, primary(1, 100)), REFUSED, 1, 0), up(B, standby(1, 100, null))));
        var back = down.next().elect(List.of(up(A, primary(1, 100)), up(B, standby(1, 100, null))));

        assertThat(down.primary()).isNull();
        assertThat(back.primary()).isEqualTo(A);
    }

    @Test
    void refusesASecondPrimaryOnTheSameTimeline() {
        var both = ofA().elect(List.of(up(A, primary(1, 100)), up(B, primary(1, 100))));
        var alone = ofA().elect(List.of(failing(up(A, primary(1, 100)), REFUSED, 1, 0), up(B, primary(1, 100))));

        assertThat(both.primary()).isEqualTo(A);
        assertThat(alone.primary()).isNull();
        assertThat(alone.refusals()).singleElement().asString().contains("pg2", "a new timeline");
    }

    @Test
    void choosesNobodyOfTwoEqualClaimsUnlessOneIsFollowed() {
        var equal = Leadership.NONE.elect(List.of(up(A, primary(1, 100)), up(B, primary(1, 100))));
        var followed = Leadership.NONE.elect(List.of(
                up(A, primary(1, 100)), up(B, primary(1, 100)), up(C, standby(1, 100, streamsFrom(B, "c", 1)))));

        assertThat(equal.primary()).isNull();
        assertThat(equal.refusals()).hasSize(1);
        assertThat(followed.primary()).isEqualTo(B);
    }

    @Test
    void refusesAClaimThatAFailoverHasFencedOff() {
        var fenced = ofA().fencedThrough(1);

        assertThat(fenced.elect(List.of(up(A, primary(1, 100)))).primary()).isNull();
        assertThat(fenced.elect(List.of(up(A, primary(1, 100)), up(B, primary(2, 100))))
                        .primary())
                .isEqualTo(B);
    }

    @Test
    void refusesANodeOfAnotherCluster() {
        var election = ofA().elect(List.of(up(A, primary(1, 100)), up(B, stranger(5))));

        assertThat(election.primary()).isEqualTo(A);
        assertThat(election.refusals()).singleElement().asString().contains("system identifier");
    }

    @Test
    void keepsASilentPrimaryUntilItsFailuresAreCounted() {
        var primary = up(A, primary(1, 100));

        assertThat(ofA().elect(List.of(failing(primary, NO_ANSWER, 2, 0))).primary())
                .isEqualTo(A);
        assertThat(ofA().elect(List.of(failing(primary, NO_ANSWER, 3, 0))).primary())
                .isNull();
    }

    @Test
    void sendsNoReadsToAStandbyThatFollowsTheOldTimelineOrDoesNotAnswer() {
        var leadership = ofA().elect(List.of(up(A, primary(1, 100)), up(B, primary(2, 101))))
                .next();
        var view = new ClusterView(leadership, WalSamples.NONE.plus(1, 101));
        var streaming = streamsFrom(A, "c", 1);
        var nodes = List.of(
                up(A, primary(1, 100)),
                up(B, primary(2, 101)),
                up(C, standby(1, 101, streaming)),
                up(node(3), standby(2, 101, streaming)),
                failing(up(node(4), standby(2, 101, streaming)), NO_ANSWER, 1, 0),
                up(node(5), standby(2, 101, null)));

        var topology = view.next(ClusterTopology.initial(List.of()), nodes, B, true);

        assertThat(topology.term()).isEqualTo(1);
        assertThat(topology.nodes())
                .extracting(NodeState::servesStandbyReads)
                .containsExactly(false, false, false, true, false, false);
        assertThat(topology.nodes()).extracting(NodeState::role).startsWith(Role.UNKNOWN, Role.PRIMARY, Role.STANDBY);
    }
}
