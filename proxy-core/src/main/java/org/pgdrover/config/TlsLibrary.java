package org.pgdrover.config;

/** What speaks TLS: BoringSSL, which is native and faster, or the JDK; AUTO takes BoringSSL where it runs. */
public enum TlsLibrary {
    AUTO,
    BORINGSSL,
    JDK
}
