package org.pgdrover.auth.scram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import io.netty.pkitesting.CertificateBuilder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

class ScramServerTest {
    private static final int ITERATIONS = 4096;
    private static final List<String> OFFERED = List.of(ScramServer.MECHANISM);
    private static final List<String> BOTH = List.of(ScramServer.MECHANISM_PLUS, ScramServer.MECHANISM);

    private final ScramDerivation derivation = new ScramDerivation();
    private final ScramVerifiers verifiers = new ScramVerifiers(new SecureRandom(), derivation, ITERATIONS);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static ScramVerifier verifier(String password, String salt) {
        var mechanism = ScramMechanism.SCRAM_SHA_256;
        var bytes = Base64.getDecoder().decode(salt);
        var salted = ScramFunctions.saltedPassword(
                mechanism, StringPreparation.NO_PREPARATION, password.toCharArray(), bytes, 4096);
        return new ScramVerifier(
                4096,
                bytes,
                ScramFunctions.storedKey(mechanism, ScramFunctions.clientKey(mechanism, salted)),
                ScramFunctions.serverKey(mechanism, salted));
    }

    /// The exchange that RFC 7677, section 3, prints.
    @Test
    void speaksTheExchangeOfTheRfc() throws Exception {
        var server =
                new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", null);

        assertThat(text(server.first(ScramServer.MECHANISM, bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))))
                .isEqualTo("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        assertThat(server.last(bytes("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
                        .map(proved -> text(proved.serverFinal())))
                .contains("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    private Optional<ScramServer.Proved> exchange(String clientsPassword, Optional<StoredPassword> stored)
            throws Exception {
        var server = new ScramServer(verifiers.of("me", stored), "server-nonce", null);
        return exchange(ScramClient.ofStored(clientsPassword, derivation), server, null, OFFERED);
    }

    private static Optional<ScramServer.Proved> exchange(
            ScramClient.Proof proof, ScramServer server, @Nullable ChannelBinding seen, List<String> offered)
            throws Exception {
        var client = new ScramClient(proof, seen, offered);
        var last = server.last(client.last(server.first(client.mechanism(), client.first())));
        if (last.isPresent()) client.verify(last.get().serverFinal());
        return last;
    }

    @Test
    void letsInWithTheRightPasswordOnly() throws Exception {
        var stored = Optional.<StoredPassword>of(new StoredPassword.Plain("pässwörd"));

        assertThat(exchange("pässwörd", stored)).isPresent();
        assertThat(exchange("passwort", stored)).isEmpty();
        assertThat(exchange("any", Optional.empty())).isEmpty();
        assertThat(exchange("any", Optional.of(new StoredPassword.Md5("3175bce1d3201d16594cebf9d7eb3f9d"))))
                .isEmpty();
    }

    @Test
    void givesAnUnknownUserTheSameSaltEachTime() {
        var first = verifiers.of("ghost", Optional.empty());

        assertThat(verifiers.of("ghost", Optional.empty()).salt()).isEqualTo(first.salt());
        assertThat(verifiers.of("other", Optional.empty()).salt()).isNotEqualTo(first.salt());
        assertThat(first.iterations()).isEqualTo(ITERATIONS);
    }

    @Test
    void derivesTheKeysOfAPlainPasswordOnce() {
        var salt = new byte[16];

        assertThat(derivation.ofStored("secret", salt, 4096)).isSameAs(derivation.ofStored("secret", salt, 4096));
        assertThat(derivation.ofStored("secret", salt, 4096)).isNotSameAs(derivation.ofStored("secret", salt, 4097));
        var stored = Optional.<StoredPassword>of(new StoredPassword.Plain("secret"));
        assertThat(verifiers.of("me", stored)).isEqualTo(verifiers.of("you", stored));
    }

    @Test
    void knowsWhatItWouldHaveToDerive() {
        var plain = Optional.<StoredPassword>of(new StoredPassword.Plain("secret"));

        assertThat(verifiers.areAtHand(plain)).isFalse();
        verifiers.of("me", plain);
        assertThat(verifiers.areAtHand(plain)).isTrue();
        assertThat(verifiers.areAtHand(Optional.empty())).isTrue();
        assertThat(verifiers.areAtHand(Optional.of(verifiers.make("other")))).isTrue();
    }

    @Test
    void takesExtensionsOfTheFirstMessage() throws Exception {
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "s", null);

        assertThat(text(server.first(ScramServer.MECHANISM, bytes("y,,n=us=2Cer,r=abc,x=1"))))
                .startsWith("r=abcs,s=");
    }

    @Test
    void yieldsTheKeysThatLogInElsewhere() throws Exception {
        var verifier = verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
        var keys = exchange("pencil", Optional.of(verifier)).orElseThrow().keys();

        assertThat(keys.fit(verifier)).isTrue();
        var elsewhere = new ScramServer(verifier, "another-nonce", null);
        assertThat(exchange(ScramClient.ofKeys(keys), elsewhere, null, OFFERED)).isPresent();
        assertThat(keys).hasToString("ScramKeys[***]");

        var changed = new ScramServer(verifier("pencil", "AAAAaJ0SNY7soEsUEjb6gQ=="), "s", null);
        assertThat(keys.fit(verifier("pencil", "AAAAaJ0SNY7soEsUEjb6gQ=="))).isFalse();
        assertThatThrownBy(() -> exchange(ScramClient.ofKeys(keys), changed, null, OFFERED))
                .isInstanceOf(ScramException.class)
                .hasMessageContaining("another SCRAM verifier");
    }

    @Test
    void bindsTheExchangeToTheCertificate() throws Exception {
        var verifier = verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
        var proof = ScramClient.ofStored("pencil", derivation);
        var mine = certificate();
        var others = certificate();

        assertThat(exchange(proof, new ScramServer(verifier, "s", mine), mine, BOTH))
                .isPresent();
        assertThat(new ScramClient(proof, mine, BOTH).mechanism()).isEqualTo(ScramServer.MECHANISM_PLUS);
        assertThat(exchange(proof, new ScramServer(verifier, "s", mine), null, BOTH))
                .isPresent();
        assertThatThrownBy(() -> exchange(proof, new ScramServer(verifier, "s", mine), others, BOTH))
                .isInstanceOf(ScramException.class)
                .hasMessageContaining("channel binding check failed");
        // Somebody between the two has taken the mechanism with channel binding out of the offer.
        assertThatThrownBy(() -> exchange(proof, new ScramServer(verifier, "s", mine), mine, OFFERED))
                .isInstanceOf(ScramException.class)
                .hasMessageContaining("negotiation error");
        assertThatThrownBy(() -> new ScramServer(verifier, "s", null)
                        .first(ScramServer.MECHANISM_PLUS, bytes("p=tls-server-end-point,,n=,r=abc")))
                .isInstanceOf(ScramException.class);
        assertThatThrownBy(() -> new ScramServer(verifier, "s", mine)
                        .first(ScramServer.MECHANISM_PLUS, bytes("p=tls-unique,,n=,r=abc")))
                .isInstanceOf(ScramException.class)
                .hasMessageContaining("tls-unique");
        assertThatThrownBy(() ->
                        new ScramServer(verifier, "s", mine).first(ScramServer.MECHANISM_PLUS, bytes("n,,n=,r=abc")))
                .isInstanceOf(ScramException.class);
    }

    private static ChannelBinding certificate() throws Exception {
        var bundle = new CertificateBuilder()
                .subject("CN=test")
                .algorithm(CertificateBuilder.Algorithm.ecp256)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        return Objects.requireNonNull(ChannelBinding.of(bundle.getCertificate()));
    }

    /// PostgreSQL does not look at it: the startup message has the name. To some of these SASLprep
    /// leaves nothing.
    @ParameterizedTest
    @ValueSource(strings = {"", "*", "user", "\u034f\u034f", "\u0007", "=2C=3D", "=zz", "\ud800"})
    void ignoresTheUsersName(String name) throws Exception {
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "s", null);

        assertThat(text(server.first(ScramServer.MECHANISM, bytes("n,,n=" + name + ",r=c"))))
                .startsWith("r=cs,");
    }

    @Test
    void knowsNoAuthorizationIdentity() {
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "s", null);

        assertThatThrownBy(() -> server.first(ScramServer.MECHANISM, bytes("n,a=admin,n=user,r=c")))
                .isInstanceOf(ScramException.class)
                .hasMessage("client uses authorization identity, but it is not supported");
    }

    @Test
    void refusesBrokenMessages() throws Exception {
        var verifier = verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
        for (var first : new String[] {
            "",
            "n",
            "n,,",
            "n,,n=user",
            "p=tls-unique,,n=,r=abc",
            "x,,n=,r=abc",
            "n,,m=must,n=,r=abc",
            "n,,r=abc",
            "n,,n=us,er,r=abc",
            "n,,n=,r=",
            "n,,n=,r=a c",
            "n,,n=,r=aäc"
        })
            assertThatThrownBy(() -> new ScramServer(verifier, "s", null).first(ScramServer.MECHANISM, bytes(first)))
                    .describedAs(first)
                    .isInstanceOf(ScramException.class);
        for (var last : new String[] {
            "", "c=biws", "c=biws,r=abcs", "c=eSws,r=abcs,p=AAAA", "c=biws,r=other,p=AAAA", "c=biws,r=abcs,p=!"
        }) {
            var server = new ScramServer(verifier, "s", null);
            server.first(ScramServer.MECHANISM, bytes("n,,n=,r=abc"));
            assertThatThrownBy(() -> server.last(bytes(last))).describedAs(last).isInstanceOf(ScramException.class);
        }
        var server = new ScramServer(verifier, "s", null);
        assertThatThrownBy(() -> server.last(bytes("c=biws,r=abcs,p=AAAA"))).isInstanceOf(ScramException.class);
    }

    @Test
    void refusesAServerThatDoesNotKnowThePassword() throws Exception {
        var client = new ScramClient(ScramClient.ofStored("pencil", derivation), null, OFFERED);
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "s", null);
        client.last(server.first(client.mechanism(), client.first()));

        assertThatThrownBy(() -> client.verify(bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")))
                .isInstanceOf(ScramException.class);
    }
}
