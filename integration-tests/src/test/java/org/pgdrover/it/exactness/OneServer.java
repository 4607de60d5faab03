package org.pgdrover.it.exactness;

import java.io.IOException;
import java.util.Map;
import org.pgdrover.config.PoolMode;

/// A rig whose clients share one server connection of each node, so that they find what others leave there.
final class OneServer implements AutoCloseable {
    /// The role of the clients.
    static final String USER = "single";

    private final Rig rig;

    /// @param definitions made in the proxied database before the proxy starts
    OneServer(String... definitions) throws Exception {
        rig = new Rig(
                Rig.Target.PROXY,
                PoolMode.TRANSACTION,
                Map.of(USER, 1),
                primary -> primary.sql(Rig.PROXIED, definitions));
    }

    Rig rig() {
        return rig;
    }

    /// A client that is ready.
    WireClient client() throws IOException {
        return WireClient.ready(rig.proxyPort(), Map.of("user", USER, "database", Rig.PROXIED));
    }

    @Override
    public void close() throws IOException {
        rig.close();
    }
}
