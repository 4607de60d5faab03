package org.pgdrover.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ClusterTlsConfig;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TlsNegotiation;

/// The TLS that nodes get, as the files said when they were last read. It tells whether TLS is tried or
/// demanded, and what speaks it.
public final class ServerTls implements AutoCloseable {
    /// No connection is encrypted.
    public static final ServerTls DISABLED = new ServerTls(TlsMode.DISABLE, false, Map.of(), null);

    /// One way of making a connection.
    public enum Attempt {
        PLAIN,
        TLS
    }

    private final TlsMode mode;
    private final boolean direct;
    private final Map<Endpoint, String> names;
    private final @Nullable Engines engines;

    /// The same settings twice: for Netty, and for the JDBC driver, which knows the JDK's TLS alone.
    private record Engines(SslContext netty, NodeSocketFactory.Context jdbc, TlsProvider provider) {}

    private ServerTls(TlsMode mode, boolean direct, Map<Endpoint, String> names, @Nullable Engines engines) {
        this.mode = mode;
        this.direct = direct;
        this.names = names;
        this.engines = engines;
    }

    /// @throws IOException if a file cannot be read or used; the message names it and says what to do
    public static ServerTls read(ClusterConfig cluster, TlsProvider provider) throws IOException {
        var config = cluster.tls();
        if (config.mode() == TlsMode.DISABLE) return DISABLED;
        var names = new HashMap<Endpoint, String>();
        for (var node : cluster.nodes()) if (node.tlsName() != null) names.put(node.endpoint(), node.tlsName());
        return new ServerTls(
                config.mode(),
                config.negotiation() == TlsNegotiation.DIRECT,
                Map.copyOf(names),
                engines(config, provider));
    }

    private static Engines engines(ClusterTlsConfig config, TlsProvider provider) throws IOException {
        var files = config.files();
        var authorities = Authorities.read(files);
        var credentials = files.certFile() == null || files.keyFile() == null
                ? null
                : Credentials.read(files.certFile(), files.keyFile());
        var protocols = TlsProvider.protocols(config.minVersion());
        var checksHost = config.mode() == TlsMode.VERIFY_FULL;
        var builder = SslContextBuilder.forClient()
                .sslProvider(provider.netty())
                .protocols(protocols)
                .ciphers(TlsProvider.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .applicationProtocolConfig(TlsProvider.ALPN_CONFIG)
                .endpointIdentificationAlgorithm(checksHost ? "HTTPS" : null)
                .trustManager(authorities);
        if (credentials != null) builder.keyManager(credentials.key(), credentials.chain());
        try {
            return new Engines(
                    builder.build(),
                    NodeSocketFactory.context(credentials, authorities, protocols, checksHost),
                    provider);
        } catch (SSLException unusable) {
            throw new IOException("cluster.tls cannot be used: " + unusable.getMessage(), unusable);
        }
    }

    /// Makes no new handlers; those that were made live on.
    @Override
    public void close() {
        if (engines != null) ReferenceCountUtil.release(engines.netty());
    }

    public TlsMode mode() {
        return mode;
    }

    /// The ways to try, in this order, as libpq does.
    public List<Attempt> attempts() {
        return switch (mode) {
            case DISABLE -> List.of(Attempt.PLAIN);
            case ALLOW -> List.of(Attempt.PLAIN, Attempt.TLS);
            case PREFER -> List.of(Attempt.TLS, Attempt.PLAIN);
            case REQUIRE, VERIFY_CA, VERIFY_FULL -> List.of(Attempt.TLS);
        };
    }

    /// Whether TLS begins with the first byte, without an SSLRequest.
    public boolean isDirect() {
        return direct;
    }

    /// The first handler of a channel to a node; not if the mode is DISABLE.
    public SslHandler newHandler(ByteBufAllocator allocator, Endpoint node) {
        if (engines == null) throw new IllegalStateException("TLS is disabled");
        return engines.netty()
                .newHandler(
                        allocator, nameOf(node), node.port(), engines.provider().tasks());
    }

    /// What encrypts the JDBC driver's socket to a node; not if the mode is DISABLE.
    public SSLSocketFactory sockets(Endpoint node) {
        if (engines == null) throw new IllegalStateException("TLS is disabled");
        return new NodeSocketFactory(engines.jdbc(), nameOf(node));
    }

    /// What the node is asked for, and in verify-full must prove to be.
    private String nameOf(Endpoint node) {
        return names.getOrDefault(node, node.host());
    }
}
