package org.pgdrover.frontend.relay;

/// One frontend message of a batch; reused.
final class ClientMessage {
    byte type;
    /// Where the message begins, counted from the beginning of its batch's bytes.
    int start;
    /// Bytes of the message that are in hand; fewer than its length says if the message is large.
    int size;
    /// Whether the rest of the message is still to come.
    boolean large;

    ClientMessage set(byte newType, int newStart, int newSize, boolean isLarge) {
        type = newType;
        start = newStart;
        size = newSize;
        large = isLarge;
        return this;
    }
}
