package org.pgdrover.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.DomainWildcardMappingBuilder;
import io.netty.util.Mapping;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;

/// A set of certificates, of which a client is shown the one that it asks for (RFC 6066). Else it is
/// shown the default.
final class NamedCertificates {
    /// More than any client sends, although post-quantum keys have made hellos longer.
    private static final int MAX_HELLO = 16 * 1024;

    private final Mapping<String, SslContext> byName;
    private final Map<SslContext, ServedCertificate> certificates = new IdentityHashMap<>();

    /// @param named by host name, or by `*.` and a domain, which stands for exactly one label
    NamedCertificates(ServedCertificate usual, Map<String, ServedCertificate> named) {
        var names = new DomainWildcardMappingBuilder<>(usual.context());
        certificates.put(usual.context(), usual);
        named.forEach((name, certificate) -> {
            names.add(name, certificate.context());
            certificates.put(certificate.context(), certificate);
        });
        byName = names.build();
    }

    void close() {
        certificates.values().forEach(ServedCertificate::close);
    }

    SniHandler newHandler(Duration timeout) {
        return new SniHandler(byName, MAX_HELLO, timeout.toMillis()) {
            @Override
            protected SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
                var chosen = certificates.get(context);
                return chosen == null ? super.newSslHandler(context, allocator) : chosen.newHandler(allocator, timeout);
            }
        };
    }
}
