package org.pgdrover.frontend.login;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// Makes the phase in which a welcomed client's session is served.
///
/// The relay implements it: the login need not know how sessions are served.
@FunctionalInterface
public interface SessionBegin {
    /// A server connection that the client keeps for its whole session, and the pool that it is given
    /// back to.
    record LentServer(ServerPool pool, ServerConnection server) {}

    /// Called on the client's event loop; the client has been told that its session is ready.
    ///
    /// @param key registered in the client's name; the phase unregisters it when the client has left
    /// @param parameters that the session begins with, as the client has been told
    /// @param lent in session mode; null in the others
    Phase begin(
            ClientConnection client,
            StartupRequest request,
            CancelKey key,
            Map<String, String> parameters,
            @Nullable LentServer lent);
}
