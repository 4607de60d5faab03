package org.pgdrover.frontend.login;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The body of a SASLInitialResponse (PostgreSQL manual, section 54.7): the mechanism that the client
/// has chosen, and its first message.
///
/// @param data empty if there is none
record SaslInitialResponse(String mechanism, byte[] data) {
    /// Null if it is malformed.
    static @Nullable SaslInitialResponse read(byte[] body) {
        int end = 0;
        while (end < body.length && body[end] != 0) end++;
        int start = end + 5;
        if (start > body.length) return null;
        int length = ByteBuffer.wrap(body).getInt(end + 1);
        if (length != body.length - start && !(length == -1 && body.length == start)) return null;
        return new SaslInitialResponse(
                new String(body, 0, end, StandardCharsets.US_ASCII), Arrays.copyOfRange(body, start, body.length));
    }
}
