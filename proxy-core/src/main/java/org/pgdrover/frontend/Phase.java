package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/// A phase of a client connection: starting up, authenticating, being welcomed or relaying. It works on
/// the client's event loop only.
public interface Phase {
    /// Becomes the current phase.
    default void onEnter() {}

    /// Bytes from the client; takes ownership.
    void onRead(ByteBuf in);

    /// The handshake is over, and what comes from now on was encrypted.
    default void onEncrypted() {}

    default void onReadComplete() {}

    default void onWritabilityChanged(boolean writable) {}

    /// The connection to the client is gone.
    default void onClosed() {}

    /// Nothing more is to be done for the client, which is gone.
    default void giveUp() {
        onClosed();
    }

    /// The words with which the session ends when the proxy stops: PostgreSQL's, which say that nothing more was
    /// carried out.
    default ErrorFields stops() {
        return ErrorFields.fatal(SqlState.ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    }

    /// The words with which a login ends that has lasted too long.
    ///
    /// @param usual PostgreSQL's
    default ErrorFields timedOut(ErrorFields usual) {
        return usual;
    }

    /// Whether something is still done for the client although the connection to it is gone.
    default boolean goesOn() {
        return false;
    }

    /// Another connection asks to cancel what this one is running.
    ///
    /// @param done to be run once, on any thread, when the request has reached the server, or has turned
    /// out to be of no use
    default void onCancel(Runnable done) {
        done.run();
    }
}
