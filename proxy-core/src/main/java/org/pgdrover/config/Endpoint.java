package org.pgdrover.config;

import java.util.Objects;

/// A TCP address as an operator writes it. It is a host name or literal address, with a port from 1 to
/// 65535.
public record Endpoint(String host, int port) {
    public Endpoint {
        Objects.requireNonNull(host, "host");
        if (host.isBlank()) throw new IllegalArgumentException("host: empty (expected: a host name or an address)");
        if (port < 1 || port > 65535) throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
