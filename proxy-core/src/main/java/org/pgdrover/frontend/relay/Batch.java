package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageType;

/// A batch of messages that were read together. It is a Query, a FunctionCall, extended-query messages
/// up to their Sync, or a part of such.
///
/// Only the reader adds messages; whoever gets the batch from the reader finds it as it was read. Its
/// bytes are kept until they are released.
final class Batch {
    private final List<ClientMessage> messages = new ArrayList<>(6);
    private int count;
    private @Nullable ByteBuf base;
    private int from;
    private int to;
    private boolean copied;
    private boolean complete;

    /// Adds a message and keeps its bytes; for the reader.
    void append(byte type, ByteBuf buffer, int start, int end, boolean large) {
        int offset = to - from;
        if (base == null) {
            base = buffer.retain();
            from = start;
            to = end;
            copied = false;
            offset = 0;
        } else if (base == buffer && to == start && !copied) {
            to = end;
        } else {
            copy(buffer, start, end);
        }
        if (count == messages.size()) messages.add(new ClientMessage());
        messages.get(count++).set(type, offset, end - start, large);
        complete = endsBatch(type);
    }

    private void copy(ByteBuf buffer, int start, int end) {
        var old = base;
        if (!copied && old != null) {
            var own = buffer.alloc().buffer(Math.max(256, 2 * (to - from + end - start)));
            own.writeBytes(old, from, to - from);
            old.release();
            base = own;
            from = 0;
            copied = true;
        }
        if (base != null) {
            base.writeBytes(buffer, start, end - start);
            to = base.writerIndex();
        }
    }

    /// Whether ReadyForQuery answers this message.
    static boolean endsBatch(byte type) {
        return type == MessageType.SYNC || type == MessageType.QUERY || type == MessageType.FUNCTION_CALL;
    }

    int messages() {
        return count;
    }

    ClientMessage message(int index) {
        return messages.get(index);
    }

    /// The kept bytes; messages' positions count from [#from()].
    @Nullable
    ByteBuf bytes() {
        return base;
    }

    int from() {
        return from;
    }

    /// Bytes kept.
    int size() {
        return base == null ? 0 : to - from;
    }

    /// Whether its last message is the one that ReadyForQuery answers.
    boolean isComplete() {
        return complete;
    }

    /// Whether ReadyForQuery stands behind the error if its first message fails: everything behind is
    /// discarded, but for Sync.
    boolean isReadyBehindError() {
        return complete && (count == 1 || ends(MessageType.SYNC));
    }

    /// Whether its last message is of this type.
    boolean ends(byte type) {
        return count > 0 && messages.get(count - 1).type == type;
    }

    /// Whether it is one message of this type and nothing else.
    boolean isOnly(byte type) {
        return count == 1 && messages.get(0).type == type;
    }

    /// Whether it is Sync and nothing before that begins a command.
    boolean isSyncAlone() {
        if (!ends(MessageType.SYNC)) return false;
        for (int i = 0; i < count - 1; i++) {
            byte type = messages.get(i).type;
            if (type != MessageType.CLOSE && type != MessageType.FLUSH) return false;
        }
        return true;
    }

    /// Whether something else than Flush and Sync is in it.
    boolean hasCommands() {
        byte type = firstCommand();
        return type != MessageType.FLUSH && type != MessageType.SYNC;
    }

    /// The type of its first message that is neither Flush nor Sync; one of these if there is no other.
    byte firstCommand() {
        byte type = 0;
        for (int i = 0; i < count; i++) {
            type = messages.get(i).type;
            if (type != MessageType.FLUSH && type != MessageType.SYNC) break;
        }
        return type;
    }

    /// How many messages with which it begins run portals that were bound before.
    int beginningExecutes() {
        int found = 0;
        while (found < count && messages.get(found).type == MessageType.EXECUTE) found++;
        return found;
    }

    /// It will not have to be sent again.
    void releaseBytes() {
        if (base != null) base.release();
        base = null;
        from = 0;
        to = 0;
    }

    /// As new.
    Batch recycle() {
        releaseBytes();
        count = 0;
        copied = false;
        complete = false;
        return this;
    }
}
