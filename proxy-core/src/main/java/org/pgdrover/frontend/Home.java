package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;

/** The server connection that a client keeps between its transactions: in session mode, or because its session is pinned to it. */
final class Home {
    private final ClientSession session;
    private final boolean sessionMode;
    private @Nullable ServerLease lease;

    Home(ClientSession session, boolean sessionMode) {
        this.session = session;
        this.sessionMode = sessionMode;
    }

    @Nullable
    ServerLease lease() {
        return lease;
    }

    void enter(ServerLease mine) {
        lease = mine;
    }

    /** Whether the session has state that only this connection has. */
    boolean isPinned() {
        return lease != null && session.pinned() != null;
    }

    /** A transaction is over: whether the client keeps the connection. */
    boolean keeps(ServerLease ending) {
        boolean wanted = sessionMode || session.pinned() != null;
        if (wanted && (ending == lease || !ending.isStandby())) {
            lease = ending;
            return true;
        }
        forget(ending);
        return false;
    }

    /** The connection is not the client's any more; whether it was kept. */
    boolean forget(ServerLease gone) {
        if (lease != gone) return false;
        lease = null;
        return true;
    }

    /** Under which names a server knows the client's prepared statements. */
    Naming naming(ServerLease on) {
        if (on != lease) return Naming.SHARED;
        return sessionMode ? Naming.OWN : Naming.PINNED;
    }
}
