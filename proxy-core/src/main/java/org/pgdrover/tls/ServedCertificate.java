package org.pgdrover.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// One certificate that clients may be shown, with all that a handshake needs around it.
final class ServedCertificate {
    private final SslContext context;
    private final TlsProvider provider;
    private final @Nullable TicketKeys tickets;

    private ServedCertificate(SslContext context, TlsProvider provider) {
        this.context = context;
        this.provider = provider;
        this.tickets = context.sessionContext() instanceof OpenSslSessionContext sessions
                ? new TicketKeys(sessions, System::nanoTime)
                : null;
    }

    /// @param authorities check the certificates of clients, which are then asked for but may be absent:
    /// who must have one depends on more than TLS knows, and is told why in the protocol's own words;
    /// null asks for none
    static ServedCertificate of(
            Credentials credentials, @Nullable TrustManagerFactory authorities, String minVersion, TlsProvider provider)
            throws IOException {
        var builder = SslContextBuilder.forServer(credentials.key(), credentials.chain())
                .sslProvider(provider.netty())
                .protocols(TlsProvider.protocols(minVersion))
                .ciphers(TlsProvider.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(TlsProvider.ALPN_CONFIG)
                .sessionTimeout(TicketKeys.LIFETIME_SECONDS)
                .clientAuth(authorities == null ? ClientAuth.NONE : ClientAuth.OPTIONAL);
        if (authorities != null) builder.trustManager(authorities);
        try {
            return new ServedCertificate(builder.build(), provider);
        } catch (SSLException unusable) {
            throw new IOException("the certificate cannot be used: " + unusable.getMessage(), unusable);
        }
    }

    void close() {
        ReferenceCountUtil.release(context);
    }

    SslContext context() {
        return context;
    }

    SslHandler newHandler(ByteBufAllocator allocator, Duration timeout) {
        if (tickets != null) tickets.renewIfOld();
        var handler = context.newHandler(allocator, provider.tasks());
        handler.setHandshakeTimeoutMillis(timeout.toMillis());
        return handler;
    }
}
