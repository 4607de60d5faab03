package org.pgdrover.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The addresses to which clients connect, and how many may at once. Port 0 asks the system for a free
/// port.
public record ListenConfig(
        String host, int port, @Nullable Path unixSocketDir, int backlog, int maxClients, ListenTlsConfig tls) {
    public static final ListenConfig DEFAULT =
            new ListenConfig("127.0.0.1", 9999, null, 1024, 10_000, ListenTlsConfig.DEFAULT);
}
