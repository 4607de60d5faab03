package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.RoutingConfig;

@Timeout(60)
class StandbySelectorTest {
    private final RoutingSession session = new RoutingSession("db", "me", new GlobalWrites(0));
    private static final long FLOOR = 100;

    private final TwoStandbys cluster = new TwoStandbys(1, 3, 1);
    private int ticket;

    private StandbySelector selector(PrimaryReads primaryReads, Consistency consistency) {
        var config = new RoutingConfig(
                true, primaryReads, consistency, Duration.ofSeconds(10), List.of(), List.of(), List.of());
        return new StandbySelector(config, cluster, _ -> ticket);
    }

    private final StandbySelector selector = selector(PrimaryReads.WHEN_NO_STANDBY, Consistency.SESSION);

    StandbySelectorTest() {
        for (int i = 0; i < 3; i++) cluster.position(i, FLOOR);
    }

    /// Who is drawn by each of the tickets from 0 on, as digits.
    private String drawn(StandbySelector by, int tickets, long floor) {
        var nodes = new StringBuilder();
        for (ticket = 0; ticket < tickets; ticket++) {
            var node = by.draw(cluster.topology(), floor, session);
            nodes.append(node == null ? "-" : node.index());
        }
        return nodes.toString();
    }

    @Test
    void drawsByWeight() {
        assertThat(drawn(selector, 4, FLOOR)).isEqualTo("1112");
    }

    @Test
    void drawsNoStandbyThatHasNotReplayedEnough() {
        cluster.position(1, FLOOR - 1);

        assertThat(drawn(selector, 1, FLOOR)).isEqualTo("2");
        cluster.position(2, FLOOR - 1);
        assertThat(drawn(selector, 1, FLOOR)).isEqualTo("-");
        assertThat(drawn(selector, 4, FLOOR - 1)).isEqualTo("1112");
    }

    @ParameterizedTest
    @CsvSource({"WHEN_NO_STANDBY, 4, 1112", "WEIGHTED, 5, 01112", "ALWAYS, 5, 01112"})
    void letsThePrimaryTakePartAsItIsToldTo(PrimaryReads primaryReads, int tickets, String nodes) {
        assertThat(drawn(selector(primaryReads, Consistency.SESSION), tickets, FLOOR))
                .isEqualTo(nodes);
    }

    @ParameterizedTest
    @CsvSource({"WEIGHTED, 1112", "ALWAYS, 0111"})
    void givesAPrimaryWithoutWeightAShareOnlyWhereItAlwaysTakesPart(PrimaryReads primaryReads, String nodes) {
        var unweighted = new TwoStandbys(0, 3, 1);
        for (int i = 0; i < 3; i++) unweighted.position(i, FLOOR);
        var config = new RoutingConfig(
                true, primaryReads, Consistency.SESSION, Duration.ofSeconds(10), List.of(), List.of(), List.of());
        var by = new StandbySelector(config, unweighted, _ -> ticket);
        var drawn = new StringBuilder();
        for (ticket = 0; ticket < 4; ticket++)
            if (by.draw(unweighted.topology(), FLOOR, session) instanceof Node node) drawn.append(node.index());

        assertThat(drawn.toString()).isEqualTo(nodes);
    }

    @ParameterizedTest
    @CsvSource({
        "true, STANDBY, true, 10000, true",
        "true, STANDBY, true, 10001, false",
        "true, STANDBY, true, 9223372036854775807, false",
        "true, STANDBY, false, 0, false",
        "false, STANDBY, true, 0, false",
        "true, UNKNOWN, true, 0, false",
        "true, PRIMARY, true, 0, false"
    })
    void takesStandbysThatServeAndAreNotTooFarBehind(
            boolean up, Role role, boolean streaming, long lagMillis, boolean eligible) {
        var state = new NodeState(cluster.node(1), up, role, streaming, 1, FLOOR, FLOOR, 0, lagMillis, null);

        assertThat(selector.isEligible(state)).isEqualTo(eligible);
        var now = new ClusterTopology(1, 1, List.of(NodeState.unknown(cluster.node(0)), state), null);
        assertThat(selector.isAnyEligible(now)).isEqualTo(eligible);
        assertThat(selector.draw(now, 0, session) != null).isEqualTo(eligible);
    }

    @Test
    void takesNoStandbyWithoutWeight() {
        var unweighted = new TwoStandbys(1, 0, 0);

        assertThat(selector.isAnyEligible(unweighted.topology())).isFalse();
        assertThat(selector.draw(unweighted.topology(), 0, session)).isNull();
    }

    @Test
    void countsNoPrimaryAmongTheStandbys() {
        cluster.serves(1, false);
        cluster.serves(2, false);

        assertThat(selector.isAnyEligible(cluster.topology())).isFalse();
    }

    /// So that load follows the weights although sessions keep their standby.
    @ParameterizedTest
    @EnumSource(Consistency.class)
    void letsASessionKeepItsStandbyForHalfASecondWhereItsReadsFollowOneAnother(Consistency consistency) {
        boolean keeps = consistency == Consistency.SESSION || consistency == Consistency.GLOBAL;
        var by = selector(PrimaryReads.WHEN_NO_STANDBY, consistency);
        long drawn = Long.MAX_VALUE - TimeUnit.MILLISECONDS.toNanos(100);
        session.drew(cluster.node(1), drawn);

        assertThat(by.keeps(session, drawn + TimeUnit.MILLISECONDS.toNanos(50))).isEqualTo(keeps);
        assertThat(by.keeps(session, drawn + TimeUnit.MILLISECONDS.toNanos(499)))
                .isEqualTo(keeps);
        assertThat(by.keeps(session, drawn + TimeUnit.MILLISECONDS.toNanos(500)))
                .isFalse();
    }
}
