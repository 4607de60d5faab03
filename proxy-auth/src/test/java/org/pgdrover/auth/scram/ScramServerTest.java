package org.pgdrover.auth.scram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

class ScramServerTest {
    private final ScramVerifiers verifiers = new ScramVerifiers(new SecureRandom());

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

    /** The exchange that RFC 7677, section 3, prints. */
    @Test
    void speaksTheExchangeOfTheRfc() throws Exception {
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");

        assertThat(text(server.first(bytes("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))))
                .isEqualTo("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        assertThat(server.last(bytes("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
                        .map(ScramServerTest::text))
                .contains("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    private Optional<byte[]> exchange(String clientsPassword, Optional<StoredPassword> stored) throws Exception {
        var server = new ScramServer(verifiers.of("me", stored), "server-nonce");
        var client = new ScramClient(clientsPassword);
        var last = server.last(client.last(server.first(client.first())));
        if (last.isPresent()) client.verify(last.get());
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
        assertThat(first.iterations()).isEqualTo(ScramVerifiers.ITERATIONS);
    }

    @Test
    void derivesTheKeysOfAPlainPasswordOnce() {
        var stored = Optional.<StoredPassword>of(new StoredPassword.Plain("secret"));

        assertThat(verifiers.of("me", stored)).isSameAs(verifiers.of("me", stored));
        assertThat(ScramVerifiers.fits("secret", verifiers.of("me", stored))).isTrue();
        assertThat(ScramVerifiers.fits("Secret", verifiers.of("me", stored))).isFalse();
    }

    @Test
    void refusesBrokenMessages() throws Exception {
        var verifier = verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
        for (var first : new String[] {"", "n", "n,,", "n,,n=user", "p=tls-unique,,n=,r=abc", "x,,n=,r=abc"})
            assertThatThrownBy(() -> new ScramServer(verifier, "s").first(bytes(first)))
                    .describedAs(first)
                    .isInstanceOf(ScramException.class);
        for (var last : new String[] {
            "", "c=biws", "c=biws,r=abcs", "c=eSws,r=abcs,p=AAAA", "c=biws,r=other,p=AAAA", "c=biws,r=abcs,p=!"
        }) {
            var server = new ScramServer(verifier, "s");
            server.first(bytes("n,,n=,r=abc"));
            assertThatThrownBy(() -> server.last(bytes(last))).describedAs(last).isInstanceOf(ScramException.class);
        }
        var server = new ScramServer(verifier, "s");
        assertThatThrownBy(() -> server.last(bytes("c=biws,r=abcs,p=AAAA"))).isInstanceOf(ScramException.class);
    }

    @Test
    void refusesAServerThatDoesNotKnowThePassword() throws Exception {
        var client = new ScramClient("pencil");
        var server = new ScramServer(verifier("pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="), "s");
        client.last(server.first(client.first()));

        assertThatThrownBy(() -> client.verify(bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")))
                .isInstanceOf(ScramException.class);
    }
}
