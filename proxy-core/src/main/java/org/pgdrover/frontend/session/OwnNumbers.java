package org.pgdrover.frontend.session;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;

/// A memory of the servers that give a session numbers of its own.
///
/// `lastval()` and `currval()` tell of whoever has used sequences there last, and nobody sees who has set the seed of
/// random numbers.
public final class OwnNumbers {
    private final Object session = new Object();
    private Object sequences = new Object();
    private @Nullable ServerConnection usedAt;
    private boolean asked;

    OwnNumbers() {}

    // Sequences

    /// Something is about to be sent to a server that may use sequences there.
    public void mayUseSequences(ServerConnection server) {
        server.session().sequencesOf(sequences);
        usedAt = server;
    }

    /// Whether another client may have used sequences on the server last.
    public boolean areSequencesOfOthers(ServerConnection server) {
        return server.session().sequencesOf() != null && server.session().sequencesOf() != sequences;
    }

    /// The server that knows what the session's sequences have given last; null if none does.
    public @Nullable ServerConnection sequencesAt() {
        var server = usedAt;
        return server != null && server.isOpen() && server.session().sequencesOf() == sequences ? server : null;
    }

    /// Whether the client has asked for values of its own, so that the session must stay where they are.
    public boolean usesSequences() {
        return asked;
    }

    /// A statement has completed that asks for, or discards, what sequences have given in the session.
    public void sequencesUsed(boolean discarded, ServerConnection server) {
        asked = !discarded;
        if (!discarded) return;
        // What other servers know is the session's no more; what this one knows was given behind that.
        boolean here = server.session().sequencesOf() == sequences;
        sequences = new Object();
        if (here) server.session().sequencesOf(sequences);
    }

    // The random seed

    /// Something has run on the server of which nobody knows whether it has set the seed there.
    public void maySetSeed(ServerConnection server) {
        server.session().seedOf(session);
    }

    /// Whether another client may have set the seed of the server.
    public boolean isSeedOfOthers(ServerConnection server) {
        return server.session().seedOf() != null && server.session().seedOf() != session;
    }
}
