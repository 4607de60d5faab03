package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.sql.ChannelStatement;

/// The channels that a client's own server listens on, so that a statement there shows the client's
/// channels.
final class ShownChannels {
    private @Nullable ServerConnection server;
    private final Set<String> names = new HashSet<>();

    /// The statements that make a server listen on these channels, and on none of those that it was told
    /// for earlier statements.
    ///
    /// @param mayEnd whether the client has no LISTEN of its own there, which would be ended too
    List<String> statements(ServerConnection there, Set<String> channels, boolean mayEnd) {
        var statements = new ArrayList<String>();
        if (there == server)
            for (var name : names)
                if (mayEnd && !channels.contains(name)) statements.add(ChannelStatement.endListenTo(name));
        for (var name : channels) statements.add(ChannelStatement.listenTo(name));
        return statements;
    }

    /// Such statements are sent.
    void sending(ServerConnection there, Set<String> channels) {
        if (there != server) names.clear();
        server = there;
        names.addAll(channels);
        there.session().notClean("channels that a client has asked for");
    }

    /// The client listens on a channel there itself.
    void forget(@Nullable String channel) {
        names.remove(channel);
    }

    /// Whether this server may listen on a channel only to show it.
    boolean isOn(ServerConnection there, String channel) {
        return there == server && names.contains(channel);
    }

    /// Whether a server may listen on a channel only to show it.
    boolean contains(String channel) {
        return names.contains(channel);
    }
}
