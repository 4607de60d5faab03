package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.BackendMessages;

/// Keeps what precedes a read's rows until the read cannot be had elsewhere.
///
/// Only one server at a time answers a client; another one that is lost meanwhile has kept nothing here.
final class HeldBack {
    /// Most bytes of answers that are kept before a read's rows, as notices are.
    private static final int MOST_BYTES = 65_536;

    private final ClientConnection client;
    private final ArrayDeque<ByteBuf> kept = new ArrayDeque<>(0);
    private int size;
    /// The lease that the answers come from; null if nothing is kept.
    private @Nullable ServerLease from;

    HeldBack(ClientConnection client) {
        this.client = client;
    }

    /// Keeps bytes of an answer; takes ownership.
    ///
    /// @return false if that is too much to keep, and the bytes are still the caller's
    boolean keep(ByteBuf bytes, ServerLease lease) {
        if (size + bytes.readableBytes() > MOST_BYTES) return false;
        kept.add(bytes);
        size += bytes.readableBytes();
        from = lease;
        return true;
    }

    /// Passes on what was kept.
    void passOn() {
        if (from == null) return;
        while (kept.poll() instanceof ByteBuf bytes) client.write(bytes);
        clear();
    }

    /// Passes on what was kept, and an error behind it.
    void passOn(ErrorFields error) {
        passOn();
        var out = client.newBuffer(256);
        BackendMessages.error(out, error);
        client.write(out);
    }

    /// Drops what was kept of a lease's answers, for they come from elsewhere.
    void drop(ServerLease lease) {
        if (from != lease) return;
        while (kept.poll() instanceof ByteBuf bytes) bytes.release();
        clear();
    }

    /// The client is gone.
    void close() {
        if (from != null) drop(from);
    }

    private void clear() {
        size = 0;
        from = null;
    }
}
