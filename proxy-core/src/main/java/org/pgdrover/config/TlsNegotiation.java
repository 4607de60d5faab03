package org.pgdrover.config;

/// The `sslnegotiation` values of libpq: TLS after an SSLRequest, or from the first byte on (PostgreSQL
/// 17 and later).
public enum TlsNegotiation {
    POSTGRES,
    DIRECT
}
