package org.pgdrover.auth.hba;

import org.jspecify.annotations.Nullable;

/** The first field of a rule: how the client must have come (PostgreSQL manual, section 21.1). */
public enum ConnectionType {
    LOCAL,
    HOST,
    HOSTSSL,
    HOSTNOSSL;

    static @Nullable ConnectionType of(String word) {
        return switch (word) {
            case "local" -> LOCAL;
            case "host" -> HOST;
            case "hostssl" -> HOSTSSL;
            case "hostnossl" -> HOSTNOSSL;
            default -> null;
        };
    }

    boolean matches(HbaRequest request) {
        return switch (this) {
            case LOCAL -> request.address() == null;
            case HOST -> request.address() != null;
            case HOSTSSL -> request.address() != null && request.encrypted();
            case HOSTNOSSL -> request.address() != null && !request.encrypted();
        };
    }
}
