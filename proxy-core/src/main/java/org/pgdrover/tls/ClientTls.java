package org.pgdrover.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.TlsMode;

/// The TLS that clients get, as the files said when they were last read. It tells whether TLS is offered
/// or demanded, and has the handler that speaks it.
public final class ClientTls implements AutoCloseable {
    /// Clients that ask are told that there is no TLS.
    public static final ClientTls OFF = new ClientTls(TlsMode.DISABLE, null, null);

    private final TlsMode mode;
    private final @Nullable ServedCertificate usual;
    private final @Nullable NamedCertificates named;

    private ClientTls(TlsMode mode, @Nullable ServedCertificate usual, @Nullable NamedCertificates named) {
        this.mode = mode;
        this.usual = usual;
        this.named = named;
    }

    /// @throws IOException if a file cannot be read or used; the message names it and says what to do
    public static ClientTls read(ListenTlsConfig config, TlsProvider provider) throws IOException {
        var files = config.files();
        var certFile = files.certFile();
        var keyFile = files.keyFile();
        if (config.mode() == TlsMode.DISABLE || certFile == null || keyFile == null)
            return new ClientTls(config.mode(), null, null);
        var authorities = files.caFile() == null ? null : Authorities.read(files);
        var usual =
                ServedCertificate.of(Credentials.read(certFile, keyFile), authorities, config.minVersion(), provider);
        if (config.sni().isEmpty()) return new ClientTls(config.mode(), usual, null);
        var named = new HashMap<String, ServedCertificate>();
        for (var each : config.sni())
            named.put(
                    each.host(),
                    ServedCertificate.of(
                            Credentials.read(each.certFile(), each.keyFile()),
                            authorities,
                            config.minVersion(),
                            provider));
        return new ClientTls(config.mode(), usual, new NamedCertificates(usual, named));
    }

    /// Makes no new handlers; those that were made live on.
    @Override
    public void close() {
        if (named != null) named.close();
        else if (usual != null) usual.close();
    }

    /// Whether clients that ask for TLS get it.
    public boolean isOffered() {
        return usual != null;
    }

    /// Whether clients that come over TCP must speak TLS.
    public boolean isRequired() {
        return mode.requires();
    }

    /// Whether clients that come over TCP must show a certificate.
    public boolean needsCertificate() {
        return mode.verifies();
    }

    /// The first handler of a client's channel; only while TLS is offered.
    ///
    /// @param timeout how long the handshake may take
    public ChannelHandler newHandler(ByteBufAllocator allocator, Duration timeout) {
        if (named != null) return named.newHandler(timeout);
        if (usual == null) throw new IllegalStateException("TLS is not offered");
        return usual.newHandler(allocator, timeout);
    }
}
