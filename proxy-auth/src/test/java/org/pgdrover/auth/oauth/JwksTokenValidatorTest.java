package org.pgdrover.auth.oauth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.TestAuthority;
import org.pgdrover.auth.oauth.TokenVerdict.Invalid;
import org.pgdrover.auth.oauth.TokenVerdict.Unavailable;
import org.pgdrover.auth.oauth.TokenVerdict.Valid;

class JwksTokenValidatorTest {
    private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");
    private static final Duration LEEWAY = Duration.ofSeconds(30);
    private static final Duration KEY_LIFE = Duration.ofMinutes(5);
    private static final TokenVerdict ALICE = new Valid("alice", Set.of("openid", "postgres", "other"));

    private final TurnedClock clock = new TurnedClock();
    private TestIssuer issuer = TestIssuer.overHttp();
    private JwksTokenValidator validator = new JwksTokenValidator(options(Set.of("pgdrover"), "sub", null));

    JwksTokenValidatorTest() throws IOException, InvalidFileException {}

    private JwksOptions options(Set<String> audience, String identityClaim, @Nullable Path caFile) {
        return new JwksOptions(audience, identityClaim, caFile, clock, Duration.ofMinutes(1), KEY_LIFE, LEEWAY);
    }

    @AfterEach
    void stop() {
        validator.close();
        issuer.close();
    }

    private static final class TurnedClock extends Clock {
        private Instant now = NOW;

        void turn(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private JWTClaimsSet.Builder good() {
        return new JWTClaimsSet.Builder()
                .issuer(issuer.issuer)
                .subject("alice")
                .audience(List.of("somebody", "pgdrover"))
                .claim("scope", "openid postgres other")
                .expirationTime(Date.from(NOW.plusSeconds(600)));
    }

    private TokenVerdict validate(String token) {
        return validate(issuer.issuer, token);
    }

    private TokenVerdict validate(String setting, String token) {
        return validator.validate(new OAuthSettings(setting, "openid postgres", null, false), token);
    }

    private String claiming(UnaryOperator<JWTClaimsSet.Builder> change) {
        return issuer.sign(change.apply(good()).build());
    }

    static Stream<Arguments> signers() {
        return Stream.of(
                Arguments.of(JWSAlgorithm.RS256, "rsa", TestIssuer.signer(TestIssuer.RSA)),
                Arguments.of(JWSAlgorithm.RS512, "rsa", TestIssuer.signer(TestIssuer.RSA)),
                Arguments.of(JWSAlgorithm.PS256, "rsa", TestIssuer.signer(TestIssuer.RSA)),
                Arguments.of(JWSAlgorithm.ES256, "ec", TestIssuer.signer(TestIssuer.EC)),
                Arguments.of(JWSAlgorithm.EdDSA, "ed", new TestIssuer.Ed25519Signer()),
                Arguments.of(JWSAlgorithm.Ed25519, "ed", new TestIssuer.Ed25519Signer()));
    }

    @ParameterizedTest
    @MethodSource("signers")
    void acceptsATokenOfTheIssuer(JWSAlgorithm algorithm, String keyId, JWSSigner signer) {
        var token = TestIssuer.sign(algorithm, keyId, signer, good().build());

        assertThat(validate(token)).isEqualTo(ALICE);
    }

    @ParameterizedTest
    @MethodSource("signers")
    void refusesATokenThatWasChanged(JWSAlgorithm algorithm, String keyId, JWSSigner signer) {
        var token = TestIssuer.sign(algorithm, keyId, signer, good().build());
        var parts = token.split("\\.");
        var claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        var changed = claims.replace("alice", "admin").getBytes(StandardCharsets.UTF_8);
        var forged = parts[0] + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(changed) + "." + parts[2];

        assertThat(validate(forged)).isEqualTo(new Invalid("Signed JWT rejected: Invalid signature"));
    }

    @Test
    void acceptsATokenThatNamesNoKeyOrTheTypeOfRfc9068() {
        var signer = TestIssuer.signer(TestIssuer.RSA);
        var accessToken = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .type(new JOSEObjectType("at+jwt"))
                .build();

        assertThat(validate(TestIssuer.sign(JWSAlgorithm.RS256, null, signer, good().build())))
                .isEqualTo(ALICE);
        assertThat(validate(TestIssuer.sign(accessToken, signer, good().build())))
                .isEqualTo(ALICE);
    }

    @Test
    void refusesATokenOfAnotherType() {
        var header = new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID("rsa")
                .type(new JOSEObjectType("dpop+jwt"))
                .build();

        assertThat(validate(TestIssuer.sign(header, TestIssuer.signer(TestIssuer.RSA), good().build())))
                .isInstanceOf(Invalid.class);
    }

    @Test
    void refusesATokenThatNobodySigned() {
        assertThat(validate(new PlainJWT(good().build()).serialize())).isInstanceOf(Invalid.class);
    }

    @Test
    void refusesATokenSignedWithThePublicKeyAsASecret() throws JOSEException {
        var secret = TestIssuer.RSA.toRSAPublicKey().getEncoded();
        var token = TestIssuer.sign(JWSAlgorithm.HS256, "rsa", new MACSigner(secret), good().build());

        assertThat(validate(token)).isInstanceOf(Invalid.class);
    }

    @Test
    void refusesATokenSignedWithAStrangersKeyOfTheSameName() {
        var stranger = TestIssuer.rsa("rsa");

        assertThat(validate(TestIssuer.sign(JWSAlgorithm.RS256, "rsa", TestIssuer.signer(stranger), good().build())))
                .isEqualTo(new Invalid("Signed JWT rejected: Invalid signature"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "a.b", "a.b.c", "e30.e30.", "....", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"})
    void refusesWhatIsNoJwt(String token) {
        assertThat(validate(token)).isInstanceOf(Invalid.class);
    }

    @Test
    void believesATokenFromNotBeforeToExpiryGiveOrTakeTheLeeway() {
        var token = claiming(claims -> claims.notBeforeTime(Date.from(NOW.plusSeconds(60))));

        assertThat(validate(token)).isEqualTo(new Invalid("JWT before use time"));
        clock.turn(Duration.ofSeconds(31));
        assertThat(validate(token)).isEqualTo(ALICE);
        clock.turn(Duration.ofSeconds(598));
        assertThat(validate(token)).isEqualTo(ALICE);
        clock.turn(Duration.ofSeconds(2));
        assertThat(validate(token)).isEqualTo(new Invalid("Expired JWT"));
    }

    @Test
    void refusesATokenThatNeverExpires() {
        assertThat(validate(claiming(claims -> claims.expirationTime(null)))).isInstanceOf(Invalid.class);
    }

    @Test
    void refusesATokenOfAnotherIssuer() {
        assertThat(validate(claiming(claims -> claims.issuer(issuer.issuer + "/"))))
                .isInstanceOf(Invalid.class);
        assertThat(validate(claiming(claims -> claims.issuer(null)))).isInstanceOf(Invalid.class);
    }

    @Test
    void refusesATokenForSomebodyElse() {
        assertThat(validate(claiming(claims -> claims.audience("somebody")))).isInstanceOf(Invalid.class);
        assertThat(validate(claiming(claims -> claims.audience((String) null)))).isInstanceOf(Invalid.class);
    }

    @Test
    void takesAnyAudienceIfNoneIsConfigured() throws InvalidFileException {
        validator.close();
        validator = new JwksTokenValidator(options(Set.of(), "sub", null));

        assertThat(validate(claiming(claims -> claims.audience("somebody")))).isEqualTo(ALICE);
    }

    @Test
    void refusesATokenWithoutAllScopes() {
        assertThat(validate(claiming(claims -> claims.claim("scope", "openid postgresql"))))
                .isEqualTo(new Invalid("scope: postgres is not granted"));
        assertThat(validate(claiming(claims -> claims.claim("scope", null))))
                .isEqualTo(new Invalid("scope: openid postgres is not granted"));
        assertThat(validate(claiming(claims -> claims.claim("scope", 7)))).isInstanceOf(Invalid.class);
    }

    @Test
    void readsScopesOfEveryForm() {
        var scopes = List.of("openid", "postgres", "other");

        assertThat(validate(claiming(claims -> claims.claim("scope", scopes)))).isEqualTo(ALICE);
        assertThat(validate(claiming(claims -> claims.claim("scope", null).claim("scp", scopes))))
                .isEqualTo(ALICE);
        assertThat(validate(claiming(claims -> claims.claim("scope", null).claim("scp", "other postgres openid"))))
                .isEqualTo(ALICE);
    }

    @Test
    void takesTheIdentityFromTheClaimThatIsConfigured() throws InvalidFileException {
        validator.close();
        validator = new JwksTokenValidator(options(Set.of("pgdrover"), "email", null));

        assertThat(validate(claiming(claims -> claims.claim("email", "a@example.com"))))
                .isEqualTo(new Valid("a@example.com", Set.of("openid", "postgres", "other")));
        assertThat(validate(claiming(claims -> claims))).isInstanceOf(Invalid.class);
        assertThat(validate(claiming(claims -> claims.claim("email", " ")))).isInstanceOf(Invalid.class);
        assertThat(validate(claiming(claims -> claims.claim("email", List.of("a")))))
                .isInstanceOf(Invalid.class);
    }

    @Test
    void asksForTheKeysOnceAndAgainWhenTheirLifeIsOver() {
        var token = claiming(claims -> claims.expirationTime(Date.from(NOW.plus(Duration.ofHours(1)))));

        validate(token);
        validate(token);
        assertThat(issuer.keySetsFetched).hasValue(1);
        clock.turn(KEY_LIFE.plusSeconds(1));
        validate(token);
        assertThat(issuer.keySetsFetched).hasValue(2);
    }

    @Test
    void believesAKeyThatTheIssuerHasAddedAndNoneThatItHasWithdrawn() {
        var old = issuer.sign(good().build());
        validate(old);
        var next = TestIssuer.rsa("next");
        issuer.keys.add(next);
        issuer.keys.remove(TestIssuer.RSA);

        var renewed = TestIssuer.sign(JWSAlgorithm.RS256, "next", TestIssuer.signer(next), good().build());

        assertThat(validate(renewed)).isEqualTo(ALICE);
        assertThat(validate(old)).isInstanceOf(Invalid.class);
    }

    @Test
    void doesNotAskTheIssuerForEveryKeyThatSomebodyInvents() {
        var stranger = TestIssuer.signer(TestIssuer.rsa("stranger"));

        for (int i = 0; i < 20; i++) {
            var token = TestIssuer.sign(JWSAlgorithm.RS256, "invented" + i, stranger, good().build());
            assertThat(validate(token)).isInstanceOf(Invalid.class);
        }

        assertThat(issuer.keySetsFetched).hasValue(2);
        assertThat(validate(issuer.sign(good().build()))).isEqualTo(ALICE);
        clock.turn(IssuerKeys.INTERVAL);
        validate(TestIssuer.sign(JWSAlgorithm.RS256, "invented", stranger, good().build()));
        assertThat(issuer.keySetsFetched).hasValue(3);
    }

    @Test
    void goesOnWithTheKeysThatItHasWhileTheIssuerIsDown() {
        var token = claiming(claims -> claims.expirationTime(Date.from(NOW.plus(Duration.ofHours(1)))));
        validate(token);
        issuer.close();

        assertThat(validate(token)).isEqualTo(ALICE);
        clock.turn(KEY_LIFE.plusSeconds(1));
        assertThat(validate(token)).isInstanceOf(Unavailable.class);
    }

    @Test
    void saysWhyTheKeysCannotBeHad() {
        var token = issuer.sign(good().build());
        issuer.failsWith(503);

        assertThat(validate(token))
                .isEqualTo(new Unavailable("the issuer's keys cannot be had: " + issuer.issuer
                        + "/.well-known/openid-configuration: status 503 (expected: 200)"));
    }

    @Test
    void recoversWithTheIssuer() {
        var token = issuer.sign(good().build());
        issuer.failsWith(503);
        for (int i = 0; i < 5; i++) assertThat(validate(token)).isInstanceOf(Unavailable.class);
        issuer.failsWith(200);

        clock.turn(IssuerKeys.INTERVAL);

        assertThat(validate(token)).isEqualTo(ALICE);
    }

    @Test
    void waitsNoLongerThanItMay() throws InvalidFileException {
        validator.close();
        validator = new JwksTokenValidator(
                new JwksOptions(Set.of(), "sub", null, clock, Duration.ofMillis(200), KEY_LIFE, LEEWAY));
        issuer.neverEndsItsAnswers();

        assertThat(validate(issuer.sign(good().build())))
                .isInstanceOfSatisfying(
                        Unavailable.class, verdict -> assertThat(verdict.why()).endsWith("no answer within PT0.2S"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/huge", "/moved"})
    void takesNoHugeKeySetAndFollowsNobody(String place) {
        issuer.discovery.put("jwks_uri", issuer.issuer + place);

        assertThat(validate(issuer.sign(good().build()))).isInstanceOf(Unavailable.class);
        assertThat(issuer.keySetsFetched).hasValue(0);
    }

    @Test
    void believesNoDocumentThatSpeaksOfAnotherIssuer() {
        issuer.discovery.put("issuer", issuer.issuer + "/");

        assertThat(validate(issuer.sign(good().build())))
                .isInstanceOfSatisfying(
                        Unavailable.class,
                        verdict -> assertThat(verdict.why()).contains("(expected: " + issuer.issuer + ")"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://192.0.2.1/keys", "file:///etc/passwd", "keys", "http://localhost.example/keys", "::"})
    void fetchesKeysFromNoPlaceThatCannotBeTrusted(String place) {
        issuer.discovery.put("jwks_uri", place);

        assertThat(validate(issuer.sign(good().build()))).isInstanceOf(Unavailable.class);
    }

    @Test
    void takesTheAddressOfADiscoveryDocumentForTheIssuer() {
        var token = issuer.sign(good().build());
        var host = issuer.issuer.substring(0, issuer.issuer.indexOf("/realm"));

        assertThat(validate(issuer.issuer + "/.well-known/openid-configuration", token))
                .isEqualTo(ALICE);
        assertThat(validate(host + "/.well-known/oauth-authorization-server/realm", token))
                .isEqualTo(ALICE);
    }

    @Test
    void trustsTheAuthoritiesOfTheFileAndNoOthers(@TempDir Path directory)
            throws IOException, InterruptedException, GeneralSecurityException, InvalidFileException {
        var authority = new TestAuthority(directory);
        issuer.close();
        issuer = TestIssuer.overHttps(authority.serverContext());
        var token = issuer.sign(good().build());

        assertThat(validate(token))
                .isInstanceOfSatisfying(
                        Unavailable.class, verdict -> assertThat(verdict.why()).contains("SSLHandshakeException"));
        validator.close();
        validator = new JwksTokenValidator(options(Set.of("pgdrover"), "sub", authority.caFile()));
        assertThat(validate(token)).isEqualTo(ALICE);
        assertThat(validate(issuer.issuer.replace("localhost", "127.0.0.1"), token))
                .isInstanceOfSatisfying(
                        Unavailable.class, verdict -> assertThat(verdict.why()).contains("SSLHandshakeException"));
    }
}
