package org.pgdrover.frontend.relay;

import org.pgdrover.backend.InitialValues;

/// Takes to a session what its server on the primary has read again of the configuration.
final class Reloads {
    private Reloads() {}

    /// The server is about to work for the session, or has worked for it, and it is known what is set there.
    ///
    /// @return whether the session's settings are others now
    static boolean meet(Relay relay, ServerLease lease) {
        var server = lease.server();
        var there = server.session();
        var session = relay.session();
        if (session.knownSettings() != null) there.settle(server.parameters());
        // The configuration is the primary's: a standby's own is nothing to sessions.
        return session.settings()
                .meets(
                        there.initial(),
                        (name, value) -> !lease.isStandby() && there.hadInitially(name, value),
                        session.statements()::parsedBefore);
    }

    /// Tells the client what others have seen first.
    static void tell(Relay relay, ServerLease lease) {
        var out = relay.client().newBuffer(64);
        ParameterReports.tell(relay, lease, out, InitialValues::isOne);
        if (out.isReadable()) relay.write(out);
        else out.release();
    }
}
