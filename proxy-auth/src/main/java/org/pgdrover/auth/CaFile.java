package org.pgdrover.auth;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// Reads whose certificates we believe, where we are the client of a TLS connection.
public final class CaFile {
    private CaFile() {}

    /// Gives a context that trusts the authorities of a file in PEM form or, without a file, those that
    /// Java trusts.
    ///
    /// @throws InvalidFileException if the file cannot be read, or has no certificate in it
    public static SSLContext context(@Nullable Path file) throws InvalidFileException {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, file == null ? null : trusting(file), null);
            return context;
        } catch (IOException | GeneralSecurityException failure) {
            throw new InvalidFileException(List.of(new FileProblem(
                    file == null ? Path.of("the trust store of Java") : file,
                    1,
                    "no certificates of authorities in PEM form can be read: " + failure.getMessage())));
        }
    }

    private static TrustManager[] trusting(Path file) throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var pem = Files.newInputStream(file)) {
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(pem))
                store.setCertificateEntry("ca" + store.size(), certificate);
        }
        if (store.size() == 0) throw new GeneralSecurityException("there is none");
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }
}
