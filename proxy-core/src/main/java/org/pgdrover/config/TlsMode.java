package org.pgdrover.config;

/** The <code>sslmode</code> values of libpq (PostgreSQL manual, section 32.18). */
public enum TlsMode {
    DISABLE,
    ALLOW,
    PREFER,
    REQUIRE,
    VERIFY_CA,
    VERIFY_FULL
}
