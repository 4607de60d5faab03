package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandler;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// The channel becomes the [ServerStream] of one client.
final class StreamSuccessor implements Successor {
    private final ServerTarget target;
    private final Map<String, String> startupParameters;
    private final Consumer<ServerStream> opened;
    private @Nullable ServerStream stream;

    StreamSuccessor(ServerTarget target, Map<String, String> startupParameters, Consumer<ServerStream> opened) {
        this.target = target;
        this.startupParameters = startupParameters;
        this.opened = opened;
    }

    @Override
    public Map<String, String> startupParameters() {
        return startupParameters;
    }

    @Override
    public ChannelInboundHandler succeed(Channel channel, CancelKey cancelKey, Map<String, String> reported) {
        var made = new ServerStream(channel, target, cancelKey, reported);
        stream = made;
        return made;
    }

    @Override
    public void begin() {
        opened.accept(Objects.requireNonNull(stream));
    }

    @Override
    public void takeOver(ByteBuf bytes) {
        if (stream != null) stream.onBytes(bytes);
        else bytes.release();
    }
}
