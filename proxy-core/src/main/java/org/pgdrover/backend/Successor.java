package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandler;
import java.util.Map;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// A handler that takes a channel over once it has logged in to a server. It works on the channel's
/// event loop.
interface Successor {
    /// What the startup message says.
    Map<String, String> startupParameters();

    /// The login has ended well.
    ///
    /// @param reported run-time parameters of the session
    /// @return the handler that is the channel's last from now on
    ChannelInboundHandler succeed(Channel channel, CancelKey cancelKey, Map<String, String> reported);

    /// The handler is in its place.
    void begin();

    /// Bytes that came with the end of the login; takes ownership.
    void takeOver(ByteBuf bytes);
}
