package org.pgdrover.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.protocol.ErrorFields;

/// How long refusals hold, by a time that the test gives.
@Timeout(10)
class LoginBackoffTest {
    private final LoginBackoff backoff = new LoginBackoff();
    private long now;

    private boolean refuse(String sqlState) {
        return refuse(sqlState, backoff.generation());
    }

    private boolean refuse(String sqlState, int asked) {
        var error = ErrorFields.fatal(sqlState, "not you");
        return backoff.failed(new Refusal(Refusal.Kind.LOGIN_FAILED, error), asked, now);
    }

    private long secondsInForce() {
        long since = now;
        while (backoff.inForce(now) != null) now += TimeUnit.MILLISECONDS.toNanos(500);
        return TimeUnit.NANOSECONDS.toSeconds(now - since);
    }

    @Test
    void growsWithEachRefusal() {
        for (long expected : new long[] {1, 2, 4, 8, 15, 15}) {
            refuse("28P01");
            assertThat(secondsInForce()).isEqualTo(expected);
        }
    }

    @Test
    void looksForAMissingDatabaseEverySecond() {
        for (int i = 0; i < 6; i++) {
            refuse("3D000");
            assertThat(secondsInForce()).isEqualTo(1);
        }
    }

    @Test
    void forgetsWhatWasAskedForBefore() {
        int asked = backoff.generation();
        refuse("28P01");
        backoff.forgive();
        assertThat(backoff.inForce(now)).isNull();

        assertThat(refuse("28P01", asked)).isFalse();
        assertThat(backoff.inForce(now)).isNull();

        assertThat(refuse("28P01")).isTrue();
        assertThat(secondsInForce()).isEqualTo(1);
    }
}
