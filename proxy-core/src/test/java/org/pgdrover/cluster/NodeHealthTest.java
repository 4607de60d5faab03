package org.pgdrover.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.cluster.Reports.failing;
import static org.pgdrover.cluster.Reports.node;
import static org.pgdrover.cluster.Reports.primary;
import static org.pgdrover.cluster.Reports.up;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.cluster.ProbeFailure.Kind;

class NodeHealthTest {
    private static final NodeHealth UP = up(node(0), primary(1, 100));

    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "LOST", "NOT_READY"})
    void isDownAtOnceWhenTheNodeCertainlyServesNobody(Kind kind) {
        assertThat(failing(UP, kind, 1, 0).up()).isFalse();
    }

    @Test
    void isDownAfterEnoughSilence() {
        assertThat(failing(UP, Kind.NO_ANSWER, 2, 0).up()).isTrue();
        assertThat(failing(UP, Kind.NO_ANSWER, 3, 0).up()).isFalse();
    }

    @Test
    void staysUpWhenTheNodeAnswersWithAnError() {
        assertThat(failing(UP, Kind.REJECTED, 100, 0).up()).isTrue();
    }

    @Test
    void countsTheFailuresOfThePresentKindApart() {
        var health = failing(failing(UP, Kind.NOT_READY, 5, 7), Kind.REFUSED, 2, 50);

        assertThat(health.failures()).isEqualTo(7);
        assertThat(health.repeated()).isEqualTo(2);
        assertThat(health.failingSinceNanos()).isEqualTo(7);
        assertThat(health.answered(primary(1, 100)).failures()).isZero();
    }

    @Test
    void tellsKindsOfFailureApart() {
        assertThat(kind("08001", new ConnectException("Connection refused"))).isEqualTo(Kind.REFUSED);
        assertThat(kind("08001", new ConnectException("Connection timed out"))).isEqualTo(Kind.NO_ANSWER);
        assertThat(kind("08006", new SocketTimeoutException("Read timed out"))).isEqualTo(Kind.NO_ANSWER);
        assertThat(kind("08006", new SocketException("Connection reset"))).isEqualTo(Kind.LOST);
        assertThat(kind("08006", new IOException(new EOFException()))).isEqualTo(Kind.LOST);
        assertThat(kind("57P01", null)).isEqualTo(Kind.LOST);
        assertThat(kind("57P03", null)).isEqualTo(Kind.NOT_READY);
        assertThat(kind("53300", null)).isEqualTo(Kind.REJECTED);
        assertThat(kind("08001", null)).isEqualTo(Kind.NO_ANSWER);
    }

    private static Kind kind(String sqlState, @Nullable Throwable cause) {
        return ProbeFailure.of(new SQLException("test", sqlState, cause)).kind();
    }
}
