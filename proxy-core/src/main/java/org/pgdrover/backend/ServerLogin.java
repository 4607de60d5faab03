package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.tls.PeerCertificates;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Logs one new channel in to a server, from the startup message to the first ReadyForQuery. Then it
/// makes way for its [Successor].
///
/// ```
///   connected, encrypted if need be --> startup sent --[Authentication…]--> authenticated --[ReadyForQuery]-->
/// Successor
/// ```
final class ServerLogin extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(ServerLogin.class);

    private static final int FRAME_LIMIT = 1 << 16;
    private static final int LOGIN_TIMEOUT_SECONDS = 15;

    private final ServerTarget target;
    private final ServerAuthentication authentication;
    private final Successor successor;
    private final ConnectFailed failed;
    private final Map<String, String> parameters = new LinkedHashMap<>();

    private @Nullable MessageDecoder decoder;
    private @Nullable ChannelHandlerContext channel;
    private @Nullable ScheduledFuture<?> timeout;
    private CancelKey cancelKey = new CancelKey(0, new byte[0]);
    private boolean succeeded;
    private boolean over;

    ServerLogin(ServerTarget target, ServerLoginMaterial material, Successor successor, ConnectFailed failed) {
        this.target = target;
        this.authentication = new ServerAuthentication(target, material, this::certificate);
        this.successor = successor;
        this.failed = failed;
    }

    /// The time runs from here on, for connecting and encrypting take theirs out of it.
    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context;
        timeout = context.executor()
                .schedule(
                        () -> fail(context, false, "no answer within " + LOGIN_TIMEOUT_SECONDS + " s"),
                        LOGIN_TIMEOUT_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        stopTimeout();
    }

    /// The certificate that the server has shown; null if the connection is not encrypted.
    private @Nullable X509Certificate certificate() {
        var tls = channel == null ? null : channel.pipeline().get(SslHandler.class);
        return tls == null ? null : PeerCertificates.shownByPeer(tls);
    }

    /// The channel is connected, and encrypted if it is to be.
    @Override
    public void channelActive(ChannelHandlerContext context) {
        decoder = new MessageDecoder(MessageTable.BACKEND, context.alloc(), FRAME_LIMIT);
        sendStartup(context);
    }

    private void sendStartup(ChannelHandlerContext context) {
        var out = context.alloc().buffer(256);
        FrontendMessages.startup(out, ProtocolVersion.V3_0, successor.startupParameters());
        context.writeAndFlush(out);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var in = (ByteBuf) message;
        try {
            decode(context, in);
            handOver(in);
        } catch (ProtocolViolation violation) {
            fail(context, false, violation.getMessage());
        } finally {
            in.release();
        }
    }

    /// What came behind ReadyForQuery is the successor's.
    private void handOver(ByteBuf in) {
        if (succeeded && in.isReadable()) successor.takeOver(in.readRetainedSlice(in.readableBytes()));
    }

    private void decode(ChannelHandlerContext context, ByteBuf in) {
        var decoding = java.util.Objects.requireNonNull(decoder);
        while (!over) {
            switch (decoding.next(in)) {
                case NEED_MORE -> {
                    return;
                }
                case RUN -> {}
                case FRAME, LARGE_FRAME -> frame(context, decoding);
            }
        }
    }

    private void frame(ChannelHandlerContext context, MessageDecoder message) {
        var buffer = message.buffer();
        int body = message.start() + 5;
        switch (message.type()) {
            case MessageType.AUTHENTICATION -> authenticate(context, buffer.slice(body, message.end() - body));
            case MessageType.PARAMETER_STATUS -> {
                int nameEnd = WireReader.endOfString(buffer, body, message.end());
                parameters.put(
                        WireReader.string(buffer, body, message.end()),
                        WireReader.string(buffer, nameEnd + 1, message.end()));
            }
            case MessageType.BACKEND_KEY_DATA -> {
                var secret = new byte[message.end() - body - 4];
                buffer.getBytes(body + 4, secret);
                cancelKey = new CancelKey(buffer.getInt(body), secret);
            }
            case MessageType.ERROR_RESPONSE ->
                refused(context, WireReader.errorFields(buffer, message.start(), message.end()));
            case MessageType.READY_FOR_QUERY -> ready(context);
            // It may come at any time, as of a collation's version (PostgreSQL manual, section 54.2.7).
            case MessageType.NOTICE_RESPONSE -> noticed(WireReader.errorFields(buffer, message.start(), message.end()));
            default ->
                throw new ProtocolViolation("message '" + (char) message.type() + "' while logging in to " + target);
        }
    }

    private void noticed(ErrorFields notice) {
        log.atInfo()
                .addKeyValue("node", target.node())
                .addKeyValue("database", target.database())
                .addKeyValue("user", target.user())
                .addKeyValue("sqlstate", notice.sqlState())
                .log("a server says at login: {}", notice.message());
    }

    private void authenticate(ChannelHandlerContext context, ByteBuf body) {
        authentication.answer(
                body,
                context.executor(),
                answer -> {
                    if (!over && answer != null) context.writeAndFlush(answer);
                },
                why -> fail(context, true, why));
    }

    private void ready(ChannelHandlerContext context) {
        over = true;
        stopTimeout();
        if (decoder != null) decoder.close();
        context.pipeline().replace(this, "server", successor.succeed(context.channel(), cancelKey, parameters));
        succeeded = true;
        successor.begin();
    }

    private void refused(ChannelHandlerContext context, ErrorFields error) {
        authentication.refused(error.sqlState());
        end(context, () -> failed.failed(!isOutOfService(error.sqlState()), error));
    }

    /// A server that starts, stops or recovers is out of reach for now, rather than refusing this user.
    private static boolean isOutOfService(String sqlState) {
        return sqlState.equals(SqlState.CANNOT_CONNECT_NOW)
                || sqlState.equals(SqlState.ADMIN_SHUTDOWN)
                || sqlState.equals(SqlState.CRASH_SHUTDOWN);
    }

    private void fail(ChannelHandlerContext context, boolean refused, @Nullable String why) {
        var error = ErrorFields.error(
                refused ? SqlState.INVALID_AUTHORIZATION : SqlState.CONNECTION_FAILURE,
                "could not log in to node " + target.node() + " at " + target.endpoint() + " as user \"" + target.user()
                        + "\": " + why);
        end(context, () -> failed.failed(refused, error));
    }

    private void end(ChannelHandlerContext context, Runnable report) {
        if (over) return;
        over = true;
        stopTimeout();
        if (decoder != null) decoder.close();
        context.close();
        report.run();
    }

    private void stopTimeout() {
        if (timeout != null) timeout.cancel(false);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(context, false, "the server closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(context, false, String.valueOf(cause.getMessage()));
    }
}
