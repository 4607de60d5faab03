package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientSession;

/// A server connection that a client keeps between its transactions. It does so in session mode, or
/// because its session is pinned to it.
final class KeptServer {
    private final ClientSession session;
    private final boolean sessionMode;
    private @Nullable ServerLease lease;

    KeptServer(ClientSession session, boolean sessionMode) {
        this.session = session;
        this.sessionMode = sessionMode;
    }

    @Nullable
    ServerLease lease() {
        return lease;
    }

    void keep(ServerLease mine) {
        lease = mine;
    }

    /// Whether the client has a server of its own for its whole session.
    boolean isSessionMode() {
        return sessionMode;
    }

    /// Whether the session cannot go on elsewhere than on a server.
    boolean isPinnedTo(ServerLease lease) {
        return isPinned() && lease() == lease;
    }

    /// Whether the session has state that only this connection has.
    boolean isPinned() {
        return lease != null && session.pinned() != null;
    }

    /// A transaction is over: the client keeps the connection, or has it no more.
    ///
    /// @return whether it is kept
    boolean keepOrForget(ServerLease ending) {
        boolean wanted = session.pinned() != null || sessionMode && (lease == ending || lease == null);
        if (wanted && (ending == lease || !ending.isStandby() || session.pinned() != null)) {
            // It holds nothing but the session's settings, which follow.
            if (lease != null && lease != ending && !lease.isLost()) lease.reset(false);
            lease = ending;
            return true;
        }
        forget(ending);
        return false;
    }

    /// The connection is not the client's any more; whether it was kept.
    boolean forget(ServerLease gone) {
        if (lease != gone) return false;
        lease = null;
        return true;
    }
}
