package org.pgdrover.simulation;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// A message of a server.
///
/// @param mask what it shows that depends on others too, a key or `*`, so that it is judged otherwise
/// than by comparison; otherwise null
record Answer(char type, byte[] body, @Nullable String mask) {
    Message message() {
        return new Message(type, body);
    }

    /// A field of an error or a notice.
    String field(char name) {
        return message().field(name);
    }

    byte[] bytes() {
        var all = new byte[body.length + 5];
        all[0] = (byte) type;
        int length = body.length + 4;
        for (int i = 0; i < 4; i++) all[1 + i] = (byte) (length >> (24 - 8 * i));
        System.arraycopy(body, 0, all, 5, body.length);
        return all;
    }

    @Override
    public String toString() {
        return switch (type) {
            case 'E', 'N' -> type + "(" + field('S') + " " + field('C') + " " + field('M') + ")";
            case 'C' -> "C(" + message().text(0) + ")";
            case 'Z' -> "Z(" + (char) body[0] + ")";
            case 'D', 'S', 'A', 'd', 'T', 't', 'R' -> type + "(" + printable() + ")";
            default -> String.valueOf(type);
        };
    }

    private String printable() {
        var text = new String(body, 0, Math.min(body.length, 90), StandardCharsets.ISO_8859_1);
        return text.replaceAll("[^ -~]+", "|") + (mask == null ? "" : "*");
    }
}
