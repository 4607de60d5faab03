package org.pgdrover.frontend.login;

import java.util.function.Supplier;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Entrance;
import org.pgdrover.frontend.Phase;
import org.pgdrover.tls.ClientTls;

/// A proxy's way in: begins the login of every new client.
///
/// @param tls the certificates in force now
/// @param cancelKeys where a cancel request finds its client
/// @param authentication what follows the startup message
public record Login(LoginGuard guard, Supplier<ClientTls> tls, CancelRegistry cancelKeys, Authentication authentication)
        implements Entrance {
    @Override
    public Phase begin(ClientConnection client) {
        return new StartupPhase(client, guard, tls, cancelKeys, authentication);
    }

    @Override
    public void loggedIn(ClientConnection client) {
        guard.loggedIn(client.address());
    }

    @Override
    public void left(ClientConnection client) {
        guard.left(client.address(), client.isLoggedIn());
    }
}
