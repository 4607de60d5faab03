package org.pgdrover.config;

/// Threads, transport and TLS library; zero event loops means one per processor.
public record RuntimeConfig(int eventLoops, TransportKind transport, TlsLibrary tlsLibrary) {
    public static final RuntimeConfig DEFAULT = new RuntimeConfig(0, TransportKind.AUTO, TlsLibrary.AUTO);
}
