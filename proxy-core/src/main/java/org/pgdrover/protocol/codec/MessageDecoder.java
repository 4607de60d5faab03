package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ProtocolViolation;

/// Cuts one direction's byte stream into frames, which somebody must look at, and runs, which nobody
/// needs to see.
///
/// [#next] is called with a buffer until it answers [Event#NEED_MORE]; the buffer's reader index moves
/// over what was taken. After FRAME, LARGE_FRAME or RUN the bytes stand in [#buffer()] from [#start()]
/// to [#end()] until the next call; the decoder keeps ownership of them. A message that arrives in
/// pieces is joined here, up to the frame limit; what is longer comes as a LARGE_FRAME, the message's
/// beginning, with the rest of it as runs, so that no message is ever held in memory whole.
///
/// Confined to its channel's event loop. Which messages are frames, and how long each may be, is the
/// [MessageTable]'s business.
public final class MessageDecoder implements AutoCloseable {
    /// What [#next] found.
    public enum Event {
        NEED_MORE,
        /// One whole message.
        FRAME,
        /// The beginning of a message that is longer than the frame limit; runs follow.
        LARGE_FRAME,
        /// Whole messages, or parts of one, that pass as they are.
        RUN
    }

    static final int HEADER = 5;
    /// How much of a large message is shown: enough for the names at the beginning of a Bind.
    public static final int LARGE_PREFIX = 4096;

    private final MessageTable table;
    private final ByteBufAllocator allocator;
    private final int frameLimit;

    /// A message that began in an earlier buffer; holds exactly its bytes so far.
    private @Nullable ByteBuf partial;
    /// The partial message has been handed out and is released by the next call.
    private boolean partialDone;
    /// Bytes of the current message that are still to come and pass unseen.
    private long remaining;

    private @Nullable ByteBuf buffer;
    private int start;
    private int end;
    private byte type;
    private int length;
    private int messages;

    /// @param frameLimit most bytes of a frame, its header included
    public MessageDecoder(MessageTable table, ByteBufAllocator allocator, int frameLimit) {
        this.table = table;
        this.allocator = allocator;
        this.frameLimit = frameLimit;
    }

    /// @throws ProtocolViolation if a length or a type is impossible; nothing more may be read then
    public Event next(ByteBuf in) {
        if (partial != null) {
            if (!partialDone) return join(partial, in);
            dropPartial();
        }
        buffer = in;
        start = in.readerIndex();
        int limit = in.writerIndex();
        int position = pass(in, start, limit);
        if (position > start) return run(in, position);
        if (position == limit) return Event.NEED_MORE;
        if (limit - position < HEADER) return begin(in, position, limit);
        return frame(in, position, limit);
    }

    /// Walks over whatever passes unseen; the hot loop over rows.
    private int pass(ByteBuf in, int from, int limit) {
        messages = 0;
        int position = from;
        if (remaining > 0) {
            int part = (int) Math.min(remaining, limit - position);
            remaining -= part;
            position += part;
        }
        while (limit - position >= HEADER) {
            byte current = in.getByte(position);
            if (table.isFrame(current)) return position;
            int size = table.checkedLength(current, in.getInt(position + 1)) + 1;
            messages++;
            if (size > limit - position) {
                remaining = (long) size - (limit - position);
                return limit;
            }
            position += size;
        }
        return position;
    }

    private Event run(ByteBuf in, int position) {
        end = position;
        in.readerIndex(position);
        return Event.RUN;
    }

    private Event frame(ByteBuf in, int position, int limit) {
        type = in.getByte(position);
        length = table.checkedLength(type, in.getInt(position + 1));
        int size = wanted();
        if (size > limit - position) return begin(in, position, limit);
        start = position;
        end = position + size;
        in.readerIndex(end);
        return whole(size);
    }

    private Event whole(int size) {
        if (size > length) return Event.FRAME;
        remaining = length + 1L - size;
        return Event.LARGE_FRAME;
    }

    /// Bytes to show of the message in [#length]: all of it, or the beginning of a large one.
    private int wanted() {
        return length < frameLimit ? length + 1 : Math.min(LARGE_PREFIX, length);
    }

    private Event begin(ByteBuf in, int position, int limit) {
        var joined = allocator.buffer(Math.max(64, limit - position));
        joined.writeBytes(in, position, limit - position);
        in.readerIndex(limit);
        partial = joined;
        partialDone = false;
        return Event.NEED_MORE;
    }

    private Event join(ByteBuf joined, ByteBuf in) {
        if (!fill(joined, in, HEADER)) return Event.NEED_MORE;
        type = joined.getByte(0);
        length = table.checkedLength(type, joined.getInt(1));
        if (!table.isFrame(type)) return joinedRun(joined);
        int size = wanted();
        if (!fill(joined, in, size)) return Event.NEED_MORE;
        show(joined);
        return whole(size);
    }

    /// Only the header was cut: it passes as a run of its own, and the body as the next.
    private Event joinedRun(ByteBuf joined) {
        show(joined);
        remaining = length + 1L - joined.readableBytes();
        messages = 1;
        return Event.RUN;
    }

    private void show(ByteBuf joined) {
        buffer = joined;
        start = 0;
        end = joined.writerIndex();
        partialDone = true;
    }

    private static boolean fill(ByteBuf joined, ByteBuf in, int size) {
        int missing = size - joined.readableBytes();
        if (missing > 0) joined.writeBytes(in, Math.min(missing, in.readableBytes()));
        return joined.readableBytes() >= size;
    }

    private void dropPartial() {
        if (partial != null) partial.release();
        partial = null;
        partialDone = false;
    }

    /// The buffer that [#start()] and [#end()] point into; borrowed.
    public ByteBuf buffer() {
        if (buffer == null) throw new IllegalStateException("nothing decoded yet");
        return buffer;
    }

    public int start() {
        return start;
    }

    public int end() {
        return end;
    }

    /// The type byte of the frame.
    public byte type() {
        return type;
    }

    /// The length that the frame's header gives: itself and the body, without the type byte.
    public int length() {
        return length;
    }

    /// How many messages began in the run.
    public int messages() {
        return messages;
    }

    /// Whether the stream stands inside a message: some of it was taken and some is still to come.
    public boolean insideMessage() {
        return remaining > 0 || (partial != null && !partialDone);
    }

    /// Whether part of the current message has already been handed out and the rest is still to come.
    public boolean insideRun() {
        return remaining > 0;
    }

    @Override
    public void close() {
        dropPartial();
        buffer = null;
    }
}
