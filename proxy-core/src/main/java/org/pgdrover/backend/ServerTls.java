package org.pgdrover.backend;

import io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.TlsMode;

/**
 * Whether and how connections to servers are encrypted.
 *
 * @param context null only with mode DISABLE
 */
public record ServerTls(TlsMode mode, @Nullable SslContext context) {
    public static final ServerTls DISABLED = new ServerTls(TlsMode.DISABLE, null);

    boolean isWanted() {
        return mode != TlsMode.DISABLE && mode != TlsMode.ALLOW;
    }

    boolean isRequired() {
        return mode == TlsMode.REQUIRE || mode == TlsMode.VERIFY_CA || mode == TlsMode.VERIFY_FULL;
    }

    boolean checksHost() {
        return mode == TlsMode.VERIFY_FULL;
    }
}
