package org.pgdrover.frontend;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.PeerCertificates;

/// A client connection's encryption by TLS, if it has any; confined to the channel's event loop.
public final class ClientEncryption {
    private final Channel channel;
    private final Duration timeout;
    private boolean beginning;

    /// @param timeout of the handshake
    ClientEncryption(Channel channel, Duration timeout) {
        this.channel = channel;
        this.timeout = timeout;
    }

    /// From the next byte on the client must speak TLS.
    public void begin(ClientTls tls) {
        beginning = true;
        channel.pipeline().addFirst("tls", tls.newHandler(channel.alloc(), timeout));
    }

    /// Whether the handshake is under way: nothing can be said now.
    boolean isBeginning() {
        return beginning;
    }

    void begun() {
        beginning = false;
    }

    private @Nullable SslHandler handler() {
        return channel.pipeline().get(SslHandler.class);
    }

    public boolean isOn() {
        return handler() != null;
    }

    /// What the handshake has agreed on by ALPN; null if on nothing.
    public @Nullable String applicationProtocol() {
        var tls = handler();
        return tls == null ? null : tls.applicationProtocol();
    }

    /// The certificate that the client has shown and that ca-file vouches for; null if it has shown
    /// none, or is not encrypted.
    public @Nullable X509Certificate peerCertificate() {
        var tls = handler();
        return tls == null ? null : PeerCertificates.shownByPeer(tls);
    }

    /// The certificate that we have shown to the client, which may depend on the name that it asked for;
    /// null if it is not encrypted.
    public @Nullable X509Certificate localCertificate() {
        var tls = handler();
        return tls == null ? null : PeerCertificates.shownByUs(tls);
    }
}
