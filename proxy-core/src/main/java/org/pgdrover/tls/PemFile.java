package org.pgdrover.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CRL;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/// Reads certificates, revocation lists and private keys that OpenSSL has written between BEGIN and END
/// lines. Every complaint says what to do.
final class PemFile {
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END [A-Z ]*PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

    private PemFile() {}

    /// All certificates, in their order; at least one.
    static List<X509Certificate> certificates(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var all = x509().generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
            if (all.isEmpty()) throw new IOException(file + ": no certificate in it (expected: PEM)");
            return all;
        } catch (CertificateException malformed) {
            throw new IOException(file + ": not certificates in PEM: " + malformed.getMessage(), malformed);
        }
    }

    /// All revocation lists; at least one.
    static Collection<? extends CRL> revocations(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var all = x509().generateCRLs(in);
            if (all.isEmpty()) throw new IOException(file + ": no revocation list in it (expected: PEM)");
            return all;
        } catch (GeneralSecurityException malformed) {
            throw new IOException(file + ": not revocation lists in PEM: " + malformed.getMessage(), malformed);
        }
    }

    /// The one private key, which must be PKCS #8 and not encrypted.
    static PrivateKey privateKey(Path file) throws IOException {
        var bytes = Files.readAllBytes(file);
        var found = KEY.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
        Arrays.fill(bytes, (byte) 0);
        if (!found.find()) throw new IOException(file + ": no private key in it (expected: PEM)");
        switch (found.group(1).strip()) {
            case "" -> {
                return decode(file, found.group(2));
            }
            case "ENCRYPTED" ->
                throw new IOException(file + ": the key has a passphrase, and nobody is here to type it: take it away"
                        + " with  openssl pkey -in " + file + " -out NEW_FILE");
            default ->
                throw new IOException(file + ": a key in the old form \"" + found.group(1)
                        + "PRIVATE KEY\" (expected: PKCS #8): convert it with  openssl pkey -in " + file
                        + " -out NEW_FILE");
        }
    }

    private static PrivateKey decode(Path file, String base64) throws IOException {
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException malformed) {
            throw new IOException(file + ": the private key is damaged: " + malformed.getMessage(), malformed);
        }
        var encoded = new PKCS8EncodedKeySpec(der);
        Arrays.fill(der, (byte) 0);
        for (var algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
            } catch (InvalidKeySpecException other) {
                // The next algorithm may fit.
            } catch (GeneralSecurityException absent) {
                throw new IllegalStateException(absent);
            }
        }
        throw new IOException(file + ": not a private key that is understood (expected: RSA, EC or Ed25519)");
    }

    private static CertificateFactory x509() throws CertificateException {
        return CertificateFactory.getInstance("X.509");
    }
}
