package org.pgdrover.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.TlsMode;

/** TLS with clients, as the files said when they were last read: whether it is offered or demanded, and the handler that speaks it. */
public final class ClientTls {
    /** Clients that ask are told that there is no TLS. */
    public static final ClientTls OFF = new ClientTls(TlsMode.DISABLE, null);

    private final TlsMode mode;
    private final @Nullable SslContext context;

    /** @param context null if TLS is not offered */
    public ClientTls(TlsMode mode, @Nullable SslContext context) {
        this.mode = mode;
        this.context = context;
    }

    /** Whether clients that ask for TLS get it. */
    public boolean isOffered() {
        return context != null;
    }

    /** Whether clients that come over TCP must speak TLS. */
    public boolean isRequired() {
        return switch (mode) {
            case DISABLE, ALLOW, PREFER -> false;
            case REQUIRE, VERIFY_CA, VERIFY_FULL -> true;
        };
    }

    /** The first handler of a client's channel; only while TLS is offered. */
    public ChannelHandler newHandler(ByteBufAllocator allocator) {
        if (context == null) throw new IllegalStateException("TLS is not offered");
        return context.newHandler(allocator);
    }
}
