package org.pgdrover.config;

import java.nio.file.Path;
import java.time.Duration;

/** How clients prove who they are. */
public record AuthConfig(Path hbaFile, Path userList, Duration timeout) {
    public static final AuthConfig DEFAULT =
            new AuthConfig(Path.of("pool_hba.conf"), Path.of("users.txt"), Duration.ofSeconds(30));
}
