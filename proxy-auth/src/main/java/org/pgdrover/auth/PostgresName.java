package org.pgdrover.auth;

import java.nio.charset.StandardCharsets;

/// The length of the names of users and databases (PostgreSQL manual, section 4.1.1).
public final class PostgresName {
    private static final int MOST_BYTES = 63;

    private PostgresName() {}

    /// As much of a name as PostgreSQL looks at: it cuts those of a startup message before it does
    /// anything with them, so that whoever pads a name gains nothing. A character that is cut in two
    /// becomes one that no name has.
    public static String cut(String name) {
        if (name.length() * 3 <= MOST_BYTES) return name;
        var bytes = name.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MOST_BYTES ? name : new String(bytes, 0, MOST_BYTES, StandardCharsets.UTF_8);
    }
}
