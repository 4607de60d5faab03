package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;

/// The bytes of a client that nobody has taken yet, cut into messages. While some are left nothing more
/// is read from the client.
final class ClientInput {
    /// Most bytes of one message that are held in memory.
    private static final int FRAME_LIMIT = 256 * 1024;

    private static final int TERMINATE_SIZE = 5;

    private final ClientConnection client;
    private final MessageDecoder decoder;
    private @Nullable ByteBuf unread;
    /// What has come behind it.
    private @Nullable ByteBuf later;

    private MessageDecoder.Event last = MessageDecoder.Event.NEED_MORE;
    private boolean again;
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
        if (unread == null) unread = in;
        else later = later == null ? in : join(later, in);
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
        if (again) {
            again = false;
            return last;
        }
        while (unread != null) {
            last = decoder.next(unread);
            if (last != MessageDecoder.Event.NEED_MORE) return last;
            unread.release();
            unread = later;
            later = null;
        }
        return MessageDecoder.Event.NEED_MORE;
    }

    /// Whether what nobody has taken yet ends with Terminate.
    boolean endsWithTerminate() {
        var last = later == null ? unread : later;
        if (last == null || last.readableBytes() < TERMINATE_SIZE) return false;
        int at = last.writerIndex() - TERMINATE_SIZE;
        return last.getByte(at) == MessageType.TERMINATE && last.getInt(at + 1) == TERMINATE_SIZE - 1;
    }

    boolean isEmpty() {
        return unread == null;
    }

    /// Lets the state that is next take the last message once more.
    void again() {
        again = true;
    }

    /// The message that was taken last, until the next one is.
    MessageDecoder message() {
        return decoder;
    }

    /// Whether a message has been taken in part. What is to be taken once more begins with a message.
    boolean insideMessage() {
        return !again && decoder.insideRun();
    }

    /// Reads on from the client if nothing is left of what it has sent, and more is wanted.
    void settle(boolean wanted) {
        client.read(wanted && unread == null);
    }

    void close() {
        closed = true;
        if (unread != null) unread.release();
        unread = null;
        if (later != null) later.release();
        later = null;
        decoder.close();
    }
}
