package org.pgdrover.auth.oauth;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.oauth.OAuthBearerServer.Broken;
import org.pgdrover.auth.oauth.OAuthBearerServer.Discovery;
import org.pgdrover.auth.oauth.OAuthBearerServer.Refused;
import org.pgdrover.auth.oauth.OAuthBearerServer.Token;

/// No bytes of a client get another answer than an outcome, and no token that nobody has signed is
/// valid.
class OAuthFuzzTest {
    private static final OAuthBearerServer SERVER =
            new OAuthBearerServer(new OAuthSettings("https://issuer.example", "a", null, false));

    /// It stands still, so that keys are fetched once and strange ones never asked for again.
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2030-01-01T00:00:00Z"), ZoneOffset.UTC);

    private static @Nullable TestIssuer issuer;
    private static @Nullable JwksTokenValidator validator;

    @BeforeAll
    static void start() throws IOException, InvalidFileException {
        issuer = TestIssuer.overHttp();
        validator = new JwksTokenValidator(new JwksOptions(
                Set.of(), "sub", null, CLOCK, Duration.ofMinutes(1), Duration.ofMinutes(5), Duration.ofSeconds(30)));
    }

    @AfterAll
    static void stop() {
        if (validator != null) validator.close();
        if (issuer != null) issuer.close();
    }

    @FuzzTest(maxDuration = "10m")
    void initialResponse(byte[] message) {
        switch (SERVER.first(message)) {
            case Token token -> {
                assertThat(token.bearer()).matches("[A-Za-z0-9._~+/-]+=*").hasSizeLessThan(message.length);
                assertThat(new String(message, StandardCharsets.US_ASCII)).contains(token.bearer());
                assertThat(token.toString()).isEqualTo("Token[***]");
            }
            case Discovery discovery -> assertThat(discovery.status()).isEqualTo(SERVER.errorStatus());
            case Refused refused -> assertThat(refused.status()).isEqualTo(SERVER.errorStatus());
            case Broken broken -> assertThat(broken.why()).isNotBlank().matches("[ -~]+");
        }
    }

    @FuzzTest(maxDuration = "10m")
    void token(byte[] token) {
        if (issuer == null || validator == null) throw new AssertionError("not started");
        var settings = new OAuthSettings(issuer.issuer, "", null, false);

        var verdict = validator.validate(settings, new String(token, StandardCharsets.ISO_8859_1));

        assertThat(verdict).isInstanceOf(TokenVerdict.Invalid.class);
    }
}
