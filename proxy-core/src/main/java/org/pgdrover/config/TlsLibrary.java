package org.pgdrover.config;

/// A library that speaks TLS: BoringSSL, which is native and faster, or the JDK. AUTO takes BoringSSL
/// where it runs.
public enum TlsLibrary {
    AUTO,
    BORINGSSL,
    JDK
}
