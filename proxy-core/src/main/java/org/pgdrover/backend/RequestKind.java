package org.pgdrover.backend;

import org.pgdrover.protocol.codec.MessageType;

/// A kind of frontend message that an answer is owed for; knows which backend messages end the answer.
public enum RequestKind {
    QUERY,
    FUNCTION_CALL,
    PARSE,
    BIND,
    DESCRIBE,
    EXECUTE,
    CLOSE,
    SYNC,
    /// CopyDone or CopyFail: no answer of its own, but it ends the time in which the server ignores
    /// Sync.
    COPY_END;

    /// The kind of a frontend message that asks for something.
    ///
    /// @throws IllegalArgumentException if the message asks for nothing
    static RequestKind of(byte type) {
        return switch (type) {
            case MessageType.QUERY -> QUERY;
            case MessageType.FUNCTION_CALL -> FUNCTION_CALL;
            case MessageType.PARSE -> PARSE;
            case MessageType.BIND -> BIND;
            case MessageType.DESCRIBE -> DESCRIBE;
            case MessageType.EXECUTE -> EXECUTE;
            case MessageType.CLOSE -> CLOSE;
            default ->
                throw new IllegalArgumentException(
                        "message type: " + type + " (expected: one that asks for something)");
        };
    }

    /// Whether this backend message is the last of the answer; ReadyForQuery and ErrorResponse are not
    /// asked about.
    boolean endsWith(byte type) {
        return switch (this) {
            case PARSE -> type == MessageType.PARSE_COMPLETE;
            case BIND -> type == MessageType.BIND_COMPLETE;
            case CLOSE -> type == MessageType.CLOSE_COMPLETE;
            case DESCRIBE -> type == MessageType.ROW_DESCRIPTION || type == MessageType.NO_DATA;
            case EXECUTE ->
                type == MessageType.COMMAND_COMPLETE
                        || type == MessageType.EMPTY_QUERY_RESPONSE
                        || type == MessageType.PORTAL_SUSPENDED;
            case QUERY, FUNCTION_CALL, SYNC, COPY_END -> false;
        };
    }

    /// Whether it makes a portal or runs one, which does not outlast a transaction.
    boolean isOfPortal() {
        return this == BIND || this == EXECUTE;
    }

    /// Whether ReadyForQuery ends the answer.
    boolean endsWithReady() {
        return this == QUERY || this == FUNCTION_CALL || this == SYNC;
    }
}
