package org.pgdrover.frontend.login;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.pgdrover.config.AuthConfig.LoginLimits;
import org.pgdrover.frontend.login.LoginGuard.Admission;

class LoginGuardTest {
    private static final InetAddress ONE = InetAddress.ofLiteral("10.0.0.1");
    private static final InetAddress OTHER = InetAddress.ofLiteral("10.0.0.2");

    private long now = -5;

    private LoginGuard guard(int maxLogins, int perAddress) {
        var limits = new LoginLimits(maxLogins, perAddress, Duration.ofMillis(100), Duration.ofSeconds(1));
        return new LoginGuard(limits, 100, () -> now);
    }

    @Test
    void countsThoseWhoHaveNotLoggedIn() {
        var guard = guard(2, 0);
        assertThat(guard.arrived(ONE)).isEqualTo(Admission.WELCOME);
        assertThat(guard.arrived(null)).isEqualTo(Admission.WELCOME);
        assertThat(guard.arrived(OTHER)).isEqualTo(Admission.TOO_MANY_LOGINS);
        guard.left(OTHER, false);

        guard.loggedIn(ONE);

        assertThat(guard.arrived(OTHER)).isEqualTo(Admission.WELCOME);
        assertThat(guard.loggingIn()).isEqualTo(2);
        guard.left(ONE, true);
        guard.left(OTHER, false);
        guard.left(null, false);
        assertThat(guard.loggingIn()).isZero();
    }

    @Test
    void countsTheConnectionsOfAnAddress() {
        var guard = guard(100, 2);
        guard.arrived(ONE);
        guard.loggedIn(ONE);
        guard.arrived(ONE);

        assertThat(guard.arrived(ONE)).isEqualTo(Admission.TOO_MANY_OF_ADDRESS);
        assertThat(guard.arrived(OTHER)).isEqualTo(Admission.WELCOME);

        guard.left(ONE, false);
        guard.left(ONE, true);
        assertThat(guard.arrived(ONE)).isEqualTo(Admission.WELCOME);
    }

    @Test
    void countsAnIpv6NetworkAsOne() {
        var guard = guard(100, 1);
        guard.arrived(InetAddress.ofLiteral("2001:db8::1"));

        assertThat(guard.arrived(InetAddress.ofLiteral("2001:db8::ffff:2"))).isEqualTo(Admission.TOO_MANY_OF_ADDRESS);
        assertThat(guard.arrived(InetAddress.ofLiteral("2001:db8:0:1::1"))).isEqualTo(Admission.WELCOME);
    }

    @Test
    void letsWhoFailsWaitLongerEachTime() {
        var guard = guard(100, 0);

        assertThat(guard.failed(ONE)).hasMillis(100);
        assertThat(guard.failed(ONE)).hasMillis(200);
        assertThat(guard.failed(ONE)).hasMillis(400);
        assertThat(guard.failed(ONE)).hasMillis(800);
        assertThat(guard.failed(ONE)).hasMillis(1000);
        for (int i = 0; i < 100; i++) assertThat(guard.failed(ONE)).hasMillis(1000);
        assertThat(guard.failed(OTHER)).hasMillis(100);
        assertThat(guard.failed(null)).hasMillis(100);
    }

    @Test
    void forgivesWhoComesInAndForgetsInTime() {
        var guard = guard(100, 0);
        guard.arrived(ONE);
        guard.failed(ONE);
        guard.failed(ONE);
        guard.loggedIn(ONE);
        assertThat(guard.failed(ONE)).hasMillis(100);

        now += Duration.ofMinutes(9).toNanos();
        assertThat(guard.failed(ONE)).hasMillis(200);
        now += Duration.ofMinutes(11).toNanos();
        assertThat(guard.failed(ONE)).hasMillis(100);
    }
}
