package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket;
import org.pgdrover.protocol.StartupPacket.CancelRequest;
import org.pgdrover.protocol.StartupPacket.GssEncRequest;
import org.pgdrover.protocol.StartupPacket.SslRequest;
import org.pgdrover.protocol.StartupPacket.StartupMessage;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.StartupDecoder;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.TlsProvider;

/// Takes a client's first packets (PostgreSQL manual, section 54.2). They are requests for encryption, a
/// cancel request, or the startup message.
final class StartupPhase implements Phase {
    /// The first byte of a TLS ClientHello; no startup packet is so long that it begins with it.
    private static final byte TLS_HANDSHAKE = 0x16;

    private final ClientConnection client;
    private final LoginGuard guard;
    private final Supplier<ClientTls> certificates;
    private final CancelRegistry cancelKeys;
    private final Authentication authentication;
    private @Nullable ByteBuf received;
    private boolean askedForTls;
    private boolean askedForGss;
    private boolean direct;

    StartupPhase(
            ClientConnection client,
            LoginGuard guard,
            Supplier<ClientTls> certificates,
            CancelRegistry cancelKeys,
            Authentication authentication) {
        this.client = client;
        this.guard = guard;
        this.certificates = certificates;
        this.cancelKeys = cancelKeys;
        this.authentication = authentication;
    }

    @Override
    public void onEnter() {
        switch (guard.arrived(client.address())) {
            case WELCOME -> {}
            case TOO_MANY_LOGINS ->
                turnAway("sorry, too many logins at once: try again in a moment", "auth.limits.max-logins");
            case TOO_MANY_OF_ADDRESS ->
                turnAway("sorry, too many connections from your address", "auth.limits.max-clients-per-address");
        }
    }

    private void turnAway(String message, String limit) {
        client.closeWith(
                ErrorFields.fatal(SqlState.TOO_MANY_CONNECTIONS, message).withHint("The limit is " + limit + "."),
                DisconnectReason.TOO_MANY_CLIENTS);
    }

    @Override
    public void onRead(ByteBuf in) {
        if (received == null && !askedForTls && !askedForGss && in.getByte(in.readerIndex()) == TLS_HANDSHAKE) {
            encryptDirectly(in);
            return;
        }
        var bytes = join(in);
        received = null;
        try {
            var packet = StartupDecoder.decode(bytes);
            if (packet == null) received = bytes.retain();
            else if (bytes.isReadable()) throw tooEager(packet);
            else handle(packet);
        } finally {
            bytes.release();
        }
    }

    private ByteBuf join(ByteBuf in) {
        if (received == null) return in;
        var joined = received.writeBytes(in);
        in.release();
        return joined;
    }

    /// Nothing may follow before we answer: after a request for encryption it could be somebody else's
    /// injection (CVE-2021-23222).
    private static ProtocolViolation tooEager(StartupPacket packet) {
        return packet instanceof SslRequest
                ? new ProtocolViolation("received unencrypted data after SSL request")
                : new ProtocolViolation("received data after startup packet before it was answered");
    }

    private void handle(StartupPacket packet) {
        switch (packet) {
            case SslRequest ignored -> encrypt();
            case GssEncRequest ignored -> refuseGss();
            case CancelRequest request -> cancel(request);
            case StartupMessage message -> start(message);
        }
    }

    private void encrypt() {
        if (askedForTls) throw again(StartupDecoder.SSL_REQUEST);
        askedForTls = true;
        var tls = certificates.get();
        boolean offered = tls.isOffered() && !client.isLocal();
        answer(offered ? 'S' : 'N');
        if (offered) client.encryption().begin(tls);
    }

    /// TLS without a request for it, which only a client that knows of it can have begun: the handshake
    /// must name the protocol (ALPN).
    private void encryptDirectly(ByteBuf hello) {
        var tls = certificates.get();
        if (!tls.isOffered() || client.isLocal()) {
            hello.release();
            client.close(DisconnectReason.TLS_FAILED);
            return;
        }
        askedForTls = true;
        direct = true;
        client.encryption().begin(tls);
        client.channel().pipeline().fireChannelRead(hello);
    }

    /// Otherwise a browser could be made to speak to us in another protocol's name (the ALPACA attack).
    @Override
    public void onEncrypted() {
        if (direct && !TlsProvider.ALPN.equals(client.encryption().applicationProtocol()))
            throw new ProtocolViolation(
                    "received direct SSL connection request without ALPN protocol negotiation extension");
    }

    /// The second time PostgreSQL takes a request for a version.
    private static ProtocolViolation again(int request) {
        return StartupDecoder.unsupported(ProtocolVersion.ofCode(request));
    }

    private void refuseGss() {
        if (askedForGss || client.encryption().isOn()) throw again(StartupDecoder.GSSENC_REQUEST);
        askedForGss = true;
        answer('N');
    }

    private void answer(char byteAnswer) {
        client.writeAndFlush(client.newBuffer(1).writeByte(byteAnswer));
    }

    private void cancel(CancelRequest request) {
        var target = cancelKeys.find(request.key());
        if (target == null) client.close(DisconnectReason.CANCEL_REQUEST);
        else target.cancel(() -> client.eventLoop().execute(() -> client.close(DisconnectReason.CANCEL_REQUEST)));
    }

    private void start(StartupMessage message) {
        if (!guard.hasRoom()) {
            client.closeWith(
                    ErrorFields.fatal(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many clients already")
                            .withHint("listen.max-clients is " + guard.maxClients() + "."),
                    DisconnectReason.TOO_MANY_CLIENTS);
            return;
        }
        var wanting = wanting();
        if (wanting != null) {
            refuse(SqlState.INVALID_AUTHORIZATION, wanting);
            return;
        }
        negotiate(message);
        var user = message.parameters().getOrDefault("user", "");
        if (user.isEmpty()) {
            refuse(SqlState.INVALID_AUTHORIZATION, "no PostgreSQL user name specified in startup packet");
            return;
        }
        client.become(new AuthenticationPhase(client, StartupRequest.of(message), authentication));
    }

    /// What `listen.tls.mode` asks of every client that does not come from this machine's own socket,
    /// and this one lacks.
    private @Nullable String wanting() {
        var tls = certificates.get();
        if (client.isLocal()) return null;
        if (tls.isRequired() && !client.encryption().isOn())
            return "this proxy takes encrypted connections only: connect with sslmode=require";
        if (tls.needsCertificate() && client.encryption().peerCertificate() == null)
            return "connection requires a valid client certificate";
        return null;
    }

    private void refuse(String sqlState, String message) {
        client.closeWith(ErrorFields.fatal(sqlState, message), DisconnectReason.LOGIN_REFUSED);
    }

    /// A newer minor version or unknown protocol options are answered with what we speak; the client
    /// decides whether that will do.
    private void negotiate(StartupMessage message) {
        var unknown = new ArrayList<String>();
        for (var name : message.parameters().keySet()) if (name.startsWith("_pq_.")) unknown.add(name);
        if (unknown.isEmpty() && message.version().minor() <= ProtocolVersion.V3_2.minor()) return;
        var out = client.newBuffer(64);
        BackendMessages.negotiateProtocolVersion(out, ProtocolVersion.V3_2, unknown);
        client.writeAndFlush(out);
    }

    @Override
    public void onClosed() {
        if (received != null) received.release();
        received = null;
    }
}
