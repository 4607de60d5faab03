package org.pgdrover.auth.hba;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for, and how it came.
 *
 * @param address null on a Unix-domain socket
 * @param encrypted whether the connection is under TLS
 */
public record HbaRequest(
        String database, String user, @Nullable InetAddress address, boolean encrypted) {}
