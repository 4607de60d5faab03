package org.pgdrover.auth.secrets;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.users.Md5Password;

class PasswordJudgeTest {
    private final ScramVerifiers verifiers = new ScramVerifiers(new SecureRandom(), new ScramDerivation(), 4096);
    private final PasswordJudge judge = new PasswordJudge(verifiers);

    private boolean right(StoredPassword stored, String password) {
        return judge.judge("me", Optional.of(stored), password).right();
    }

    @Test
    void knowsTheRightPasswordInEveryForm() {
        for (var stored : new StoredPassword[] {
            new Plain("sécret"), new Md5(Md5Password.digest("sécret", "me")), verifiers.make("sécret")
        }) {
            assertThat(right(stored, "sécret")).describedAs("%s", stored).isTrue();
            assertThat(right(stored, "secret")).describedAs("%s", stored).isFalse();
            assertThat(right(stored, "")).describedAs("%s", stored).isFalse();
        }
        assertThat(right(new Plain(""), "")).isFalse();
        assertThat(judge.judge("me", Optional.empty(), "sécret").right()).isFalse();
    }

    @Test
    void yieldsKeysForAStoredVerifierOnly() {
        var verifier = verifiers.make("secret");

        var keys = judge.judge("me", Optional.of(verifier), "secret").keys();

        assertThat(keys).isNotNull();
        assertThat(Objects.requireNonNull(keys).fit(verifier)).isTrue();
        assertThat(judge.judge("me", Optional.of(verifier), "wrong").keys()).isNull();
        assertThat(judge.judge("me", Optional.of(new Plain("secret")), "secret").keys())
                .isNull();
    }

    /// Half of the work of a known user would tell an unknown one; the bound is wide because machines
    /// are shared.
    @Test
    void takesAsLongForAnUnknownUser() {
        var known = Optional.<StoredPassword>of(new Plain("secret"));
        for (int i = 0; i < 50; i++) {
            judge.judge("me", known, "wrong");
            judge.judge("you", Optional.empty(), "wrong");
        }
        long best = Long.MAX_VALUE;
        long bestUnknown = Long.MAX_VALUE;
        for (int i = 0; i < 30; i++) {
            long start = System.nanoTime();
            judge.judge("me", known, "wrong");
            long between = System.nanoTime();
            judge.judge("you", Optional.empty(), "wrong");
            best = Math.min(best, between - start);
            bestUnknown = Math.min(bestUnknown, System.nanoTime() - between);
        }
        assertThat((double) bestUnknown / best).isBetween(0.6, 1.6);
    }
}
