package org.pgdrover.auth.hba;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PostgresName;

/// A client's request for a database and user, and the way on which it came.
///
/// Names are as long as PostgreSQL looks at them.
///
/// @param replication whether it is a connection for physical replication, which has no database; one
/// for logical replication has
/// @param address null on a Unix-domain socket
/// @param encrypted whether the connection is under TLS
public record HbaRequest(
        String database,
        String user,
        boolean replication,
        @Nullable InetAddress address,
        boolean encrypted) {
    public HbaRequest {
        database = PostgresName.cut(database);
        user = PostgresName.cut(user);
    }
}
