package org.pgdrover.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.TlsLibrary;

/// The library that speaks TLS, and what both sides of the proxy have in common.
///
/// @param name for the log
/// @param tasks runs what takes long in a handshake, such as signatures, so that event loops do not
public record TlsProvider(String name, SslProvider netty, Executor tasks) {
    /// Forward secrecy and authenticated encryption alone: what Mozilla's "intermediate" list has
    /// without finite-field Diffie-Hellman.
    static final List<String> CIPHERS = List.of(
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_128_GCM_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /// The protocol's name in ALPN (PostgreSQL manual, section 54.2.11).
    public static final String ALPN = "postgresql";

    static final ApplicationProtocolConfig ALPN_CONFIG = new ApplicationProtocolConfig(
            Protocol.ALPN, SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, ALPN);

    /// @throws UnsupportedOperationException if the wanted one does not work on this machine; AUTO
    /// always finds one
    public static TlsProvider of(TlsLibrary library, Executor tasks) {
        return switch (library) {
            case AUTO -> OpenSsl.isAvailable() ? boringSsl(tasks) : jdk(tasks);
            case BORINGSSL -> {
                if (!OpenSsl.isAvailable()) throw unavailable(OpenSsl.unavailabilityCause());
                yield boringSsl(tasks);
            }
            case JDK -> jdk(tasks);
        };
    }

    private static UnsupportedOperationException unavailable(@Nullable Throwable cause) {
        return new UnsupportedOperationException(
                "runtime.tls-library: boringssl does not work on this machine"
                        + (cause == null ? "" : ": " + cause.getMessage()) + "; use auto",
                cause);
    }

    /// Native memory is counted, not left to finalizers: a context lives until it is closed and its last
    /// connection has ended.
    private static TlsProvider boringSsl(Executor tasks) {
        return new TlsProvider(OpenSsl.versionString(), SslProvider.OPENSSL_REFCNT, tasks);
    }

    private static TlsProvider jdk(Executor tasks) {
        // PostgreSQL refuses renegotiation too; the JDK has no other switch for it.
        if (System.getProperty("jdk.tls.rejectClientInitiatedRenegotiation") == null)
            System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        return new TlsProvider("JDK " + Runtime.version().feature(), SslProvider.JDK, tasks);
    }

    static List<String> protocols(String minVersion) {
        return minVersion.equals("TLSv1.3") ? List.of("TLSv1.3") : List.of("TLSv1.3", "TLSv1.2");
    }
}
