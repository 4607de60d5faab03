package org.pgdrover.config;

/// The `sslmode` values of libpq (PostgreSQL manual, section 32.18).
public enum TlsMode {
    DISABLE,
    ALLOW,
    PREFER,
    REQUIRE,
    VERIFY_CA,
    VERIFY_FULL;

    /// Whether nothing passes unencrypted.
    public boolean requires() {
        return compareTo(REQUIRE) >= 0;
    }

    /// Whether the other end must show a certificate of a known authority.
    public boolean verifies() {
        return compareTo(VERIFY_CA) >= 0;
    }
}
