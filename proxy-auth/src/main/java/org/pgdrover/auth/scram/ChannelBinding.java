package org.pgdrover.auth.scram;

import com.ongres.scram.common.util.TlsServerEndpoint;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/// The tie of a SCRAM exchange to its TLS connection (RFC 5929, section 4). It is tls-server-end-point,
/// the hash of the server's certificate.
public final class ChannelBinding {
    static final String TYPE = TlsServerEndpoint.TLS_SERVER_END_POINT;

    private final byte[] data;

    private ChannelBinding(byte[] data) {
        this.data = data;
    }

    /// Null without a certificate, and for one whose signature algorithm has no hash of its own, such as
    /// Ed25519.
    public static @Nullable ChannelBinding of(@Nullable X509Certificate server) {
        if (server == null) return null;
        try {
            var data = TlsServerEndpoint.getChannelBindingData(server);
            return data.length == 0 ? null : new ChannelBinding(data);
        } catch (CertificateEncodingException unusable) {
            return null;
        }
    }

    byte[] data() {
        return data.clone();
    }
}
