package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

/// An owner of answers that a server owes, or its lessee. It is called on the server connection's event
/// loop.
public interface AnswerOwner {
    /// Bytes of the answer, in order; takes ownership.
    ///
    /// @param begun whether the answer has shown more than what precedes its rows: then it cannot be had from
    ///     elsewhere any more
    void onBytes(ByteBuf bytes, boolean begun);

    /// A command has completed; an answer to a Query can tell of several.
    ///
    /// @return whether the owner wants to have the message's bytes
    default boolean onCompleted(Note note, CommandTag tag) {
        return true;
    }

    /// A statement was described; the frame, a ParameterDescription, RowDescription or NoData, is
    /// borrowed.
    default void onDescribed(Note note, byte type, ByteBuf frame, int start, int end) {}

    /// An answer ended well, before its last message is handed over.
    default void onAnswered(RequestKind kind, byte type, Note note) {}

    /// The server will not answer this: it failed, or stood behind what failed, or the server ignores
    /// it.
    default void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {}

    /// The server reported an error in this answer.
    ///
    /// @return whether the owner wants to have the error's bytes
    boolean onError(Note note, ErrorFields error);

    /// A notice came with this answer; the frame is borrowed.
    ///
    /// @return whether the owner wants to have the notice's bytes
    default boolean onNotice(Note note, ByteBuf frame, int start, int end) {
        return true;
    }

    /// Whether the owner wants to have the bytes of the ReadyForQuery that ends this answer.
    default boolean wantsReady(Note note) {
        return true;
    }

    /// An answer that ends with ReadyForQuery is over, and everything of it has been handed over.
    void onReady(TransactionStatus status, Note note);

    /// A run-time parameter has another value now; its ParameterStatus is handed over as bytes.
    ///
    /// @return whether the owner wants to have the message's bytes
    default boolean onParameterStatus(String name, String value) {
        return true;
    }

    /// A notification has come; the frame is borrowed.
    ///
    /// @return whether the owner wants to have the notification's bytes
    default boolean onNotification(ByteBuf frame, int start, int end) {
        return true;
    }

    /// Everything that had arrived was handed over: time to flush.
    default void onReadComplete() {}

    /// The connection takes more bytes, or takes no more for now.
    default void onWritabilityChanged(boolean writable) {}

    /// The connection is lost: nothing that was owed will be answered, and [#onDiscarded] does not tell.
    ///
    /// @param lastWords what the server said on its way out, if it did
    default void onLost(CloseReason reason, @Nullable ErrorFields lastWords) {}
}
