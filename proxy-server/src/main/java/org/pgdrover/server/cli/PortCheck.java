package org.pgdrover.server.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/// Finds out before anything is started that a port is taken.
final class PortCheck {
    private PortCheck() {}

    /// @throws BindException that names the port and the option
    static void free(String host, int port, String option) throws IOException {
        if (port <= 0) return;
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(host, port));
        } catch (BindException taken) {
            var failure = new BindException(
                    "port " + port + " on " + host + " is in use: end what uses it, or choose another with " + option);
            failure.initCause(taken);
            throw failure;
        }
    }
}
