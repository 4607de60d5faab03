package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/** Whoever has leased a server connection hears its answers here, on the connection's event loop. */
public interface ResponseListener {
    /** Bytes for the client, in order; takes ownership. */
    void onBytes(ServerConnection server, ByteBuf bytes);

    /** An answer ended well, before its last message is handed over. */
    default void onAnswered(ServerConnection server, Expected expected, byte type, @Nullable Object note) {}

    /** The server will not answer this: it failed, or stood behind what failed. */
    default void onDiscarded(ServerConnection server, Expected expected, Action action, @Nullable Object note) {}

    /**
     * The server reported an error in the answer at the head of the ledger.
     *
     * @return whether the client is to see it
     */
    boolean onError(ServerConnection server, ErrorFields error);

    /** A batch is over, and everything of it has been handed over. */
    void onReady(ServerConnection server, TransactionStatus status, @Nullable Object note);

    /** A run-time parameter changed its value for this client's session. */
    default void onParameterStatus(ServerConnection server, String name, String value) {}

    /** Everything that had arrived was handed over: time to flush. */
    void onReadComplete(ServerConnection server);

    /** The connection takes more bytes, or takes no more for now. */
    void onWritabilityChanged(ServerConnection server, boolean writable);

    /**
     * The connection is lost; what it owed will not be answered, and {@link #onDiscarded} does not tell.
     *
     * @param error what the server said on its way out, if it did
     */
    void onLost(ServerConnection server, CloseReason reason, @Nullable ErrorFields error);
}
