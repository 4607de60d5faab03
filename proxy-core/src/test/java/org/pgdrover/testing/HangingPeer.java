package org.pgdrover.testing;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

/// A peer that takes no bytes: what is written to it is not written before the connection ends.
public final class HangingPeer extends ChannelOutboundHandlerAdapter {
    private record Kept(Object message, ChannelPromise promise) {}

    private final List<Kept> kept = new ArrayList<>();

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        kept.add(new Kept(message, promise));
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        for (var each : kept) {
            ReferenceCountUtil.release(each.message);
            each.promise.tryFailure(new ClosedChannelException());
        }
        kept.clear();
        context.close(promise);
    }
}
