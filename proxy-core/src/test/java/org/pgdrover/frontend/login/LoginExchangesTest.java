package org.pgdrover.frontend.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.ldap.LdapAuthenticator;
import org.pgdrover.auth.oauth.TokenVerdict;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;

class LoginExchangesTest {
    private static final int MD5 = 5;
    private static final int SASL = 10;
    private static final String VERIFIER = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    private boolean unknownIsAskedForMd5;

    /// The code of the Authentication message that a client meets first.
    private int asked(AuthenticationMethod method, Optional<StoredPassword> stored) throws Exception {
        var random = new SecureRandom();
        var exchanges = new LoginExchanges(
                random,
                new ScramVerifiers(random, new ScramDerivation(), 4096),
                name -> unknownIsAskedForMd5,
                new LdapAuthenticator(null, Duration.ofSeconds(1), Duration.ofSeconds(1)),
                (settings, token) -> new TokenVerdict.Invalid("no issuer here"));
        var out = Unpooled.buffer();
        exchanges.ofPassword(method, "someone", stored, null).ask(out);
        return out.getInt(5);
    }

    @Test
    void asksUnknownUsersUnderMd5LikeThoseWhoAreKnown() throws Exception {
        var verifier = StoredPassword.parse(VERIFIER);

        assertThat(asked(AuthenticationMethod.MD5, Optional.of(verifier))).isEqualTo(SASL);
        assertThat(asked(AuthenticationMethod.MD5, Optional.empty())).isEqualTo(SASL);
        unknownIsAskedForMd5 = true;
        assertThat(asked(AuthenticationMethod.MD5, Optional.empty())).isEqualTo(MD5);
        assertThat(asked(AuthenticationMethod.MD5, Optional.of(verifier))).isEqualTo(SASL);
    }

    @Test
    void asksForMd5WhereThatCanBeChecked() throws Exception {
        var digest = StoredPassword.parse("md5" + "0".repeat(32));

        assertThat(asked(AuthenticationMethod.MD5, Optional.of(digest))).isEqualTo(MD5);
        assertThat(asked(AuthenticationMethod.MD5, Optional.of(new StoredPassword.Plain("secret"))))
                .isEqualTo(MD5);
    }
}
