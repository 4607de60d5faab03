package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.Endpoint;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.TlsFailure;
import org.pgdrover.tls.TlsProvider;

/// Encrypts a new connection to a server (PostgreSQL manual, sections 54.2.10 and 54.2.11). Only then it
/// tells the handlers behind it that the channel is active.
///
/// ```
///   connected --SSLRequest--> 'S' --handshake--> active, encrypted
///                             'N' -------------> active in plain text, or failed if that will not do
///   connected --(direct)----------handshake with ALPN--> active, encrypted
/// ```
///
/// A failure arrives behind it as an exception, whose message says what to do.
final class ServerEncryption extends ChannelInboundHandlerAdapter {
    private final ServerTls tls;
    private final Endpoint node;
    private final boolean required;
    private boolean awaitingAnswer;
    private boolean failed;
    private @Nullable SslHandler handler;

    /// @param required whether a server without TLS will not do
    ServerEncryption(ServerTls tls, Endpoint node, boolean required) {
        this.tls = tls;
        this.node = node;
        this.required = required;
    }

    /// Whether the server could not be agreed with; without TLS it may go better.
    boolean hasFailed() {
        return failed;
    }

    /// Whether the connection became encrypted.
    boolean hasBegun() {
        return handler != null && !failed;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (tls.isDirect()) {
            begin(context);
            return;
        }
        awaitingAnswer = true;
        var out = context.alloc().buffer(8);
        FrontendMessages.sslRequest(out);
        context.writeAndFlush(out);
    }

    private void begin(ChannelHandlerContext context) {
        handler = tls.newHandler(context.alloc(), node);
        context.pipeline().addFirst("tls", handler);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!awaitingAnswer) {
            context.fireChannelRead(message);
            return;
        }
        awaitingAnswer = false;
        var in = (ByteBuf) message;
        try {
            answered(context, in.readByte(), in.isReadable());
        } finally {
            in.release();
        }
    }

    /// Nothing that comes unencrypted may pass for encrypted later, not even an error: anybody may have
    /// sent it (CVE-2021-23222, CVE-2024-10977).
    private void answered(ChannelHandlerContext context, byte answer, boolean more) {
        if (more) fail(context, "the server sent unencrypted bytes after its answer to SSLRequest");
        else if (answer == 'S') begin(context);
        else if (answer != 'N') fail(context, "the server did not answer SSLRequest with S or N");
        else if (required)
            fail(
                    context,
                    "the server does not offer TLS: set ssl = on there, or cluster.tls.mode = prefer or disable here");
        else finish(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent handshake)) {
            context.fireUserEventTriggered(event);
            return;
        }
        if (!handshake.isSuccess())
            fail(context, "TLS with the server failed: " + TlsFailure.describe(handshake.cause()));
        else if (tls.isDirect() && handler != null && !TlsProvider.ALPN.equals(handler.applicationProtocol()))
            fail(context, "the server began TLS directly without ALPN: set cluster.tls.negotiation = postgres");
        else finish(context);
    }

    private void fail(ChannelHandlerContext context, String why) {
        failed = true;
        context.fireExceptionCaught(new SSLException(why));
    }

    private void finish(ChannelHandlerContext context) {
        context.pipeline().remove(this);
        context.fireChannelActive();
    }
}
