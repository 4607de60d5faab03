package org.pgdrover.server;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.util.List;
import javax.net.ssl.SSLException;
import org.pgdrover.backend.ServerTls;
import org.pgdrover.config.TlsConfig;
import org.pgdrover.config.TlsMode;
import org.pgdrover.tls.ClientTls;

/** TLS on the two sides of the proxy, from the settings. */
final class TlsContexts {
    private TlsContexts() {}

    /** For clients; without a certificate they are told that TLS is not offered. */
    static ClientTls forClients(TlsConfig settings) throws SSLException {
        var certificate = settings.certFile();
        var key = settings.keyFile();
        if (settings.mode() == TlsMode.DISABLE || certificate == null || key == null)
            return new ClientTls(settings.mode(), null);
        var context = SslContextBuilder.forServer(certificate.toFile(), key.toFile())
                .sslProvider(SslProvider.JDK)
                .protocols(protocols(settings))
                .clientAuth(ClientAuth.NONE)
                .build();
        return new ClientTls(settings.mode(), context);
    }

    /** For servers; as in libpq, the certificate is checked only from VERIFY_CA on, or when a CA is given. */
    static ServerTls forServers(TlsConfig settings) throws SSLException {
        if (settings.mode() == TlsMode.DISABLE) return ServerTls.DISABLED;
        var builder = SslContextBuilder.forClient().sslProvider(SslProvider.JDK).protocols(protocols(settings));
        boolean verifies = settings.mode() == TlsMode.VERIFY_CA || settings.mode() == TlsMode.VERIFY_FULL;
        var authority = settings.caFile();
        if (authority != null) builder.trustManager(authority.toFile());
        else if (!verifies) builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
        builder.endpointIdentificationAlgorithm(settings.mode() == TlsMode.VERIFY_FULL ? "HTTPS" : null);
        return new ServerTls(settings.mode(), builder.build());
    }

    private static List<String> protocols(TlsConfig settings) {
        return settings.minVersion().equals("TLSv1.3") ? List.of("TLSv1.3") : List.of("TLSv1.3", "TLSv1.2");
    }
}
