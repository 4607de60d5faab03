package org.pgdrover.auth.hba;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for, and how it came.
 *
 * <p>Names have 63 bytes at most: PostgreSQL cuts longer ones before it looks at its rules, so that whoever pads a name gains nothing.
 *
 * @param replication whether it is a connection for physical replication, which has no database; one for logical replication has
 * @param address null on a Unix-domain socket
 * @param encrypted whether the connection is under TLS
 */
public record HbaRequest(
        String database,
        String user,
        boolean replication,
        @Nullable InetAddress address,
        boolean encrypted) {
    private static final int MOST_NAME_BYTES = 63;

    public HbaRequest {
        database = cut(database);
        user = cut(user);
    }

    /** A character that is cut in two becomes one that no name has. */
    private static String cut(String name) {
        if (name.length() * 3 <= MOST_NAME_BYTES) return name;
        var bytes = name.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MOST_NAME_BYTES ? name : new String(bytes, 0, MOST_NAME_BYTES, StandardCharsets.UTF_8);
    }
}
