package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;

/** Cuts a client's bytes into messages, hands each over when its turn has come, and keeps back, unread, what has to wait. */
final class ClientInput {
    /** Most bytes of one message that are held in memory. */
    private static final int FRAME_LIMIT = 256 * 1024;

    private final ClientConnection client;
    private final RelayPhase relay;
    private final MessageDecoder decoder;
    private @Nullable ByteBuf backlog;

    ClientInput(ClientConnection client, RelayPhase relay) {
        this.client = client;
        this.relay = relay;
        this.decoder =
                new MessageDecoder(MessageTable.FRONTEND, client.channel().alloc(), FRAME_LIMIT);
    }

    /** Bytes from the client; takes ownership. */
    void onRead(ByteBuf in) {
        if (relay.listening() == null) keep(in);
        else process(in);
    }

    private void keep(ByteBuf in) {
        if (relay.isClosed()) {
            in.release();
            return;
        }
        backlog = backlog == null ? in : join(backlog, in);
        client.read(false);
    }

    private ByteBuf join(ByteBuf first, ByteBuf second) {
        var joined = client.newBuffer(first.readableBytes() + second.readableBytes());
        joined.writeBytes(first).writeBytes(second);
        first.release();
        second.release();
        return joined;
    }

    private void process(ByteBuf in) {
        try {
            for (var state = relay.listening(); state != null && next(in, state); state = relay.listening())
                if (decoder.buffer() != in) relay.finishSending();
        } finally {
            relay.finishSending();
            if (in.isReadable()) keep(in);
            else in.release();
        }
    }

    /** Hands the next message over; false if it has not come whole. */
    private boolean next(ByteBuf in, RelayState.Listening state) {
        switch (decoder.next(in)) {
            case NEED_MORE -> {
                return false;
            }
            case RUN -> state.onRun(decoder);
            case FRAME -> message(state, false);
            case LARGE_FRAME -> message(state, true);
        }
        return true;
    }

    private void message(RelayState.Listening state, boolean large) {
        if (decoder.type() == MessageType.TERMINATE) relay.onTerminate();
        else state.onMessage(decoder, large);
    }

    /** Goes on with what was kept back, as far as its turn has come, and reads on when nothing of it is left. */
    void goOn() {
        while (backlog != null && relay.listening() != null) {
            var bytes = backlog;
            backlog = null;
            process(bytes);
        }
        if (backlog != null) return;
        client.read(true);
        relay.onReadComplete();
    }

    boolean isKeptBack() {
        return backlog != null;
    }

    /** Whether a message has been handed over in part. */
    boolean insideMessage() {
        return decoder.insideRun();
    }

    /** Stops reading: the server does not keep up. */
    void pause() {
        client.read(false);
    }

    /** Reads on, unless something has been kept back that comes first. */
    void resume() {
        if (backlog == null) client.read(true);
    }

    void close() {
        if (backlog != null) backlog.release();
        backlog = null;
        decoder.close();
    }
}
