package org.pgdrover.testing;

import java.nio.charset.StandardCharsets;

/// One message as it stood on the wire.
public record Message(char type, byte[] body) {
    /// The zero-ended string that begins at an offset of the body.
    public String text(int from) {
        int end = from;
        while (end < body.length && body[end] != 0) end++;
        return new String(body, from, end - from, StandardCharsets.UTF_8);
    }

    /// A field of an ErrorResponse or NoticeResponse, or the empty string.
    public String field(char wanted) {
        for (int at = 0; at < body.length && body[at] != 0; ) {
            var value = text(at + 1);
            if (body[at] == wanted) return value;
            at += 2 + value.getBytes(StandardCharsets.UTF_8).length;
        }
        return "";
    }

    @Override
    public String toString() {
        return type + (type == 'E' ? "(" + field('C') + " " + field('M') + ")" : "");
    }
}
