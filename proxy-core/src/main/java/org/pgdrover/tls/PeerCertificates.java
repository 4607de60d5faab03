package org.pgdrover.tls;

import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/// The certificates that the two ends of a TLS connection have shown each other.
public final class PeerCertificates {
    private PeerCertificates() {}

    /// The other end's own certificate, which has passed every check that was asked for; null if it has
    /// shown none.
    public static @Nullable X509Certificate shownByPeer(SslHandler tls) {
        try {
            return first(tls.engine().getSession().getPeerCertificates());
        } catch (SSLPeerUnverifiedException none) {
            return null;
        }
    }

    /// Our own; null if we have shown none.
    public static @Nullable X509Certificate shownByUs(SslHandler tls) {
        return first(tls.engine().getSession().getLocalCertificates());
    }

    private static @Nullable X509Certificate first(Certificate @Nullable [] chain) {
        return chain != null && chain.length > 0 && chain[0] instanceof X509Certificate certificate
                ? certificate
                : null;
    }
}
