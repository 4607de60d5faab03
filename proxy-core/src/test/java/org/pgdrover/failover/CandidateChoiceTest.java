package org.pgdrover.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.cluster.Reports.failing;
import static org.pgdrover.cluster.Reports.node;
import static org.pgdrover.cluster.Reports.primary;
import static org.pgdrover.cluster.Reports.standby;
import static org.pgdrover.cluster.Reports.up;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.ProbeFailure.Kind;
import org.pgdrover.failover.CandidateChoice.Choice;

class CandidateChoiceTest {
    private static final Node A = node(0);
    private static final Node B = node(1);
    private static final Node C = node(2);
    private static final CandidateChoice CHOICE = new CandidateChoice(1000);

    private static PrimaryMemory lost(String setting, String... sync) {
        return new PrimaryMemory(
                A, primary(1, 5000, setting, Set.of(sync)), Set.of(B, C), Map.of(B, "b", C, "c"), Set.of(sync));
    }

    private static NodeHealth at(Node node, long receiveLsn) {
        return up(node, standby(1, receiveLsn, null));
    }

    private static NodeHealth gone(Node node) {
        return failing(at(node, 5000), Kind.REFUSED, 1, 0);
    }

    private static Node prioritized(Node node, int priority) {
        return new Node(node.index(), node.name(), node.endpoint(), node.weight(), priority);
    }

    @Test
    void takesTheStandbyWithMostWalFirst() {
        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(B, 4900), at(C, 4901))))
                .isEqualTo(new Choice.Candidates(List.of(C, B)));
    }

    @Test
    void breaksTiesByPriorityThenByPlace() {
        var preferred = prioritized(C, 200);

        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(B, 5000), at(preferred, 5000))))
                .isEqualTo(new Choice.Candidates(List.of(preferred, B)));
        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(B, 5000), at(C, 5000))))
                .isEqualTo(new Choice.Candidates(List.of(B, C)));
    }

    @Test
    void neverTakesPriorityZeroNorAnotherTimelineNorOneThatIsGone() {
        var behind = up(node(3), standby(2, 9000, null));

        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(prioritized(B, 0), 5000), gone(C), behind)))
                .isInstanceOfSatisfying(
                        Choice.Nobody.class,
                        nobody -> assertThat(nobody.why())
                                .contains(
                                        "pg2 has priority 0",
                                        "pg3 does not answer",
                                        "pg4 is on timeline 2 (expected: 1)"));
    }

    @Test
    void refusesAStandbyThatLacksMoreThanTheBound() {
        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(B, 4000)))).isInstanceOf(Choice.Candidates.class);
        assertThat(CHOICE.choose(lost(""), 5000, List.of(at(B, 3999))))
                .isInstanceOfSatisfying(
                        Choice.Nobody.class,
                        nobody -> assertThat(nobody.why()).contains("pg2 lacks 1001 bytes", "failover.max-data-loss"));
    }

    @Test
    void refusesWhileNoStandbyAnswersThatCommitsWaitedFor() {
        var sync = lost("FIRST 1 (b)", "b");

        assertThat(CHOICE.choose(sync, 5000, List.of(gone(B), at(C, 5000)))).isInstanceOf(Choice.Nobody.class);
        assertThat(CHOICE.choose(sync, 5000, List.of(at(B, 4990), at(C, 4990))))
                .isEqualTo(new Choice.Candidates(List.of(B, C)));
    }

    @Test
    void doesNotTakeACandidateThatLacksWhatASynchronousStandbyHas() {
        var sync = lost("b", "b");

        assertThat(CHOICE.choose(sync, 5000, List.of(at(B, 4990), at(C, 4980))))
                .isEqualTo(new Choice.Candidates(List.of(B)));
        assertThat(CHOICE.choose(sync, 5000, List.of(at(prioritized(B, 0), 4990), at(C, 4980))))
                .isInstanceOf(Choice.Nobody.class);
    }

    @Test
    void needsAllButOneLessThanAQuorumToAnswer() {
        var anyOne = lost("ANY 1 (b, c)", "b", "c");
        var anyTwo = lost("any 2 (b, c)", "b", "c");

        assertThat(CHOICE.choose(anyOne, 5000, List.of(at(B, 5000), gone(C)))).isInstanceOf(Choice.Nobody.class);
        assertThat(CHOICE.choose(anyOne, 5000, List.of(at(B, 5000), at(C, 5000))))
                .isInstanceOf(Choice.Candidates.class);
        assertThat(CHOICE.choose(anyTwo, 5000, List.of(at(B, 5000), gone(C)))).isInstanceOf(Choice.Candidates.class);
    }

    @Test
    void refusesWhenNobodyWasSeenToBeSynchronousThoughSomebodyHadToBe() {
        assertThat(CHOICE.choose(lost("FIRST 1 (b)"), 5000, List.of(at(B, 5000), at(C, 5000))))
                .isInstanceOfSatisfying(
                        Choice.Nobody.class,
                        nobody -> assertThat(nobody.why())
                                .contains("synchronous_standby_names: FIRST 1 (b)", "pg_monitor"));
    }
}
