package org.pgdrover.tls;

import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.util.EnumSet;
import java.util.stream.Collectors;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.TlsFiles;

/// Whose certificates the other end may show, and which of them are revoked.
final class Authorities {
    private Authorities() {}

    /// @return what checks the other end's certificates; without a CA file every certificate passes, as
    /// in libpq
    static TrustManagerFactory read(TlsFiles files) throws IOException {
        var caFile = files.caFile();
        return caFile == null ? InsecureTrustManagerFactory.INSTANCE : read(caFile, files.crlFile());
    }

    private static TrustManagerFactory read(Path caFile, @Nullable Path crlFile) throws IOException {
        var anchors = PemFile.certificates(caFile).stream()
                .map(certificate -> new TrustAnchor(certificate, null))
                .collect(Collectors.toSet());
        try {
            var parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
            parameters.setRevocationEnabled(false);
            if (crlFile != null) revocations(parameters, crlFile);
            var factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(new CertPathTrustManagerParameters(parameters));
            return factory;
        } catch (GeneralSecurityException unusable) {
            throw new IOException(caFile + ": cannot be used: " + unusable.getMessage(), unusable);
        }
    }

    /// From the file alone, nothing is fetched; as in PostgreSQL every authority in a chain must have
    /// its list there.
    private static void revocations(PKIXBuilderParameters parameters, Path crlFile)
            throws IOException, GeneralSecurityException {
        var lists = new CollectionCertStoreParameters(PemFile.revocations(crlFile));
        parameters.addCertStore(CertStore.getInstance("Collection", lists));
        var checker =
                (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
        checker.setOptions(EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
        parameters.setRevocationEnabled(true);
    }
}
