package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;

/// The bytes of a client that nobody has taken yet, cut into messages; while some are left nothing more is read from
/// the client.
final class ClientInput {
    /// Most bytes of one message that are held in memory.
    private static final int FRAME_LIMIT = 256 * 1024;

    private final ClientConnection client;
    private final MessageDecoder decoder;
    private @Nullable ByteBuf unread;
    private boolean closed;

    ClientInput(ClientConnection client) {
        this.client = client;
        this.decoder =
                new MessageDecoder(MessageTable.FRONTEND, client.channel().alloc(), FRAME_LIMIT);
    }

    /// Bytes from the client; takes ownership.
    void add(ByteBuf in) {
        if (closed) {
            in.release();
            return;
        }
        unread = unread == null ? in : join(unread, in);
    }

    private ByteBuf join(ByteBuf first, ByteBuf second) {
        var joined = client.newBuffer(first.readableBytes() + second.readableBytes());
        joined.writeBytes(first).writeBytes(second);
        first.release();
        second.release();
        return joined;
    }

    /// Takes the next message, or a part of one; NEED_MORE if nothing more can be taken.
    MessageDecoder.Event next() {
        var in = unread;
        if (in == null) return MessageDecoder.Event.NEED_MORE;
        var event = decoder.next(in);
        if (event == MessageDecoder.Event.NEED_MORE) {
            in.release();
            unread = null;
        }
        return event;
    }

    /// The message that was taken last, until the next one is.
    MessageDecoder message() {
        return decoder;
    }

    /// Whether a message has been taken in part.
    boolean insideMessage() {
        return decoder.insideRun();
    }

    /// Reads on from the client if nothing is left of what it has sent, and more is wanted.
    void settle(boolean wanted) {
        client.read(wanted && unread == null);
    }

    void close() {
        closed = true;
        if (unread != null) unread.release();
        unread = null;
        decoder.close();
    }
}
