package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.Residue;

/// The channels that a client's own server listens on, so that a statement there shows the client's
/// channels.
///
/// They are of one lease: behind its end the server is cleaned.
final class ShownChannels {
    private final Relay relay;
    private final Notifications notifications;
    private @Nullable ServerLease lease;
    private final Set<String> names = new LinkedHashSet<>();

    ShownChannels(Relay relay, Notifications notifications) {
        this.relay = relay;
        this.notifications = notifications;
    }

    /// The statements that end there what the client does not listen to any more, and make the server listen on the
    /// client's channels if the delivery shows them.
    List<String> statements(Delivery delivery, ServerLease there) {
        var subscribed = notifications.subscribed();
        boolean ends = there == lease && !names.isEmpty() && mayEnd();
        boolean shows = !subscribed.isEmpty() && delivery.statements.seesChannels();
        if (!ends && !shows) return List.of();
        var statements = new ArrayList<String>();
        boolean utf8 = ClientEncoding.isUtf8(relay.session().encoding());
        if (ends)
            for (var name : names)
                if (!subscribed.contains(name)) statements.add(ChannelStatement.endListenTo(name, utf8));
        if (shows) for (var name : subscribed) statements.add(ChannelStatement.listenTo(name, utf8));
        return statements;
    }

    /// Such statements are sent.
    void sending(Delivery delivery, ServerLease there) {
        if (there != lease) names.clear();
        lease = there;
        if (delivery.statements.seesChannels()) names.addAll(notifications.subscribed());
        there.server().session().notClean("channels that a client has asked for");
    }

    /// Such statements have been carried out.
    void sent() {
        if (mayEnd()) names.retainAll(notifications.subscribed());
    }

    /// Whether the client has no LISTEN of its own there, which would be ended too.
    private boolean mayEnd() {
        return !relay.session().held().has(Residue.LISTENS);
    }

    /// The client listens on a channel there itself.
    void forget(@Nullable String channel) {
        names.remove(channel);
    }

    /// Whether a server may listen on a channel only to show it.
    boolean isOn(ServerLease there, String channel) {
        return there == lease && names.contains(channel);
    }
}
