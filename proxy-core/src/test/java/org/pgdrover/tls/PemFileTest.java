package org.pgdrover.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.testing.Certificates;

/// What is found in certificate and key files, and what is said about those that cannot be used.
class PemFileTest {
    @TempDir
    Path directory = Path.of(".");

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("file.pem"), text);
    }

    @ParameterizedTest
    @EnumSource(
            value = CertificateBuilder.Algorithm.class,
            names = {"rsa2048", "ecp256", "ecp384", "ed25519"})
    void readsEveryKindOfKeyWithItsCertificate(CertificateBuilder.Algorithm algorithm) throws Exception {
        var bundle = new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=x")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        var certificate = Files.writeString(directory.resolve("cert.pem"), bundle.getCertificatePEM());

        var credentials = Credentials.read(certificate, file(bundle.getPrivateKeyPEM()));

        assertThat(credentials.chain()).containsExactly(bundle.getCertificate());
        assertThat(credentials.key()).isEqualTo(bundle.getKeyPair().getPrivate());
        assertThat(credentials).hasToString("Credentials[CN=x, key=***]");
    }

    /// OpenSSL writes a certificate's contents in words above it.
    @Test
    void passesOverWhatStandsBetweenTheBlocks() throws Exception {
        var pair = new Certificates(directory, "ca").server("db");
        var certificates = "Certificate:\n    Data: a - b\n" + Files.readString(pair.certificate())
                + "\nsubject=CN = ca\n" + Files.readString(directory.resolve("ca-ca.pem"));

        assertThat(PemFile.certificates(file(certificates))).hasSize(2);
        assertThat(PemFile.privateKey(
                        file("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                                + Files.readString(pair.key()))))
                .isEqualTo(pair.bundle().getKeyPair().getPrivate());
    }

    @Test
    void refusesAnothersKey() throws Exception {
        var authority = new Certificates(directory, "ca");
        var one = authority.server("one");
        var other = authority.server("other");

        assertThatThrownBy(() -> Credentials.read(one.certificate(), other.key()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not the key of the first certificate in " + one.certificate());
    }

    @Test
    void saysHowAKeyInAnotherFormIsConverted() throws Exception {
        for (var form : new String[] {"RSA ", "EC ", "DSA "}) {
            var file = file("-----BEGIN " + form + "PRIVATE KEY-----\nAAAA\n-----END " + form + "PRIVATE KEY-----\n");
            assertThatThrownBy(() -> PemFile.privateKey(file))
                    .hasMessageContaining("openssl pkey -in " + file)
                    .hasMessageContaining("expected: PKCS #8");
        }
        var encrypted = file("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assertThatThrownBy(() -> PemFile.privateKey(encrypted)).hasMessageContaining("has a passphrase");
    }

    @Test
    void namesTheFileThatHasNothingOfUse() throws Exception {
        for (var text :
                new String[] {"", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
            var file = file(text);
            assertThatThrownBy(() -> PemFile.certificates(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(file + ": ");
            assertThatThrownBy(() -> PemFile.privateKey(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no private key in it");
            assertThatThrownBy(() -> PemFile.revocations(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(file + ": ");
        }
        var damaged = file("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assertThatThrownBy(() -> PemFile.privateKey(damaged)).hasMessageContaining("not a private key");
    }

    @Test
    void complainsOfAKeyThatOthersCanRead() throws Exception {
        var key = file("key");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        assertThat(KeyFileRights.complaint(key)).isNull();
        for (var rights : new String[] {"rw-r-----", "rw----r--", "rw--w----", "rwx------"}) {
            Files.setPosixFilePermissions(key, PosixFilePermissions.fromString(rights));
            assertThat(KeyFileRights.complaint(key)).describedAs(rights).contains("chmod 600 " + key);
        }
    }
}
