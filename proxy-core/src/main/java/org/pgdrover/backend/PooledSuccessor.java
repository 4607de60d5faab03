package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandler;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// The channel becomes a [ServerConnection] that many clients will use.
final class PooledSuccessor implements Successor {
    private final ServerTarget target;
    private final ServerOptions options;
    private final Consumer<ServerConnection> opened;
    private final Consumer<ServerConnection> ended;
    private @Nullable ServerConnection connection;
    private long began;

    /// @param ended told when a connection that was opened has ended
    PooledSuccessor(
            ServerTarget target,
            ServerOptions options,
            Consumer<ServerConnection> opened,
            Consumer<ServerConnection> ended) {
        this.target = target;
        this.options = options;
        this.opened = opened;
        this.ended = ended;
    }

    @Override
    public Map<String, String> startupParameters() {
        began = options.clock().getAsLong();
        // Nothing that a client's session would have to undo: what a session begins with is the server's to say.
        return Map.of("user", target.user(), "database", target.database());
    }

    @Override
    public ChannelInboundHandler succeed(Channel channel, CancelKey cancelKey, Map<String, String> reported) {
        var made = new ServerConnection(channel, target, cancelKey, reported, options, began, ended);
        connection = made;
        return made;
    }

    @Override
    public void begin() {
        opened.accept(Objects.requireNonNull(connection));
    }

    @Override
    public void takeOver(ByteBuf bytes) {
        if (connection != null && connection.isOpen()) connection.takeOver(bytes);
        else bytes.release();
    }
}
