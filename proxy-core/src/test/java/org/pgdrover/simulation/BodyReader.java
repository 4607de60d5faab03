package org.pgdrover.simulation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads the fields of a message's body in their order.
final class BodyReader {
    private final ByteBuffer body;

    BodyReader(byte[] body) {
        this.body = ByteBuffer.wrap(body);
    }

    String string() {
        int from = body.position();
        while (body.get() != 0) {
            // up to its end
        }
        return new String(body.array(), from, body.position() - 1 - from, StandardCharsets.UTF_8);
    }

    int number16() {
        return body.getShort();
    }

    int number32() {
        return body.getInt();
    }

    boolean isAtEnd() {
        return !body.hasRemaining();
    }

    /// A value with its length before it.
    @Nullable
    String value() {
        int length = number32();
        if (length < 0) return null;
        var bytes = new byte[length];
        body.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    BodyReader skip(int bytes) {
        body.position(body.position() + bytes);
        return this;
    }
}
