package org.pgdrover.cluster;

import java.sql.SQLException;
import javax.net.ssl.SSLSocketFactory;
import org.postgresql.ssl.WrappedFactory;

/// Gives the JDBC driver the socket factory that [NodeConnector] has chosen. The driver makes its
/// factories itself, from a class name and in a thread of its own, so an inheritable thread-local, set
/// for the time of one call, is what reaches it.
public final class NodeSockets extends WrappedFactory {
    private static final InheritableThreadLocal<SSLSocketFactory> CHOSEN = new InheritableThreadLocal<>();

    /// Called by the driver.
    public NodeSockets() {
        factory = CHOSEN.get();
    }

    /// Something that connects.
    @FunctionalInterface
    interface Dial<T> {
        T connect() throws SQLException;
    }

    /// Connects while this factory is the one that the driver gets.
    static <T> T using(SSLSocketFactory chosen, Dial<T> dial) throws SQLException {
        CHOSEN.set(chosen);
        try {
            return dial.connect();
        } finally {
            CHOSEN.remove();
        }
    }
}
