package org.pgdrover.frontend.session;

import io.netty.buffer.ByteBuf;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;

/// Counts characters as PostgreSQL counts them in the position of an error: those of client_encoding.
public final class ClientEncoding {
    private ClientEncoding() {}

    /// The characters of a part of the buffer; borrowed. An encoding that Java does not know counts as
    /// one of single bytes.
    ///
    /// @param encoding client_encoding
    public static int characters(String encoding, ByteBuf buffer, int from, int to) {
        var text = buffer.toString(from, to - from, charset(encoding));
        return text.codePointCount(0, text.length());
    }

    private static Charset charset(String encoding) {
        try {
            return Charset.isSupported(encoding) ? Charset.forName(encoding) : StandardCharsets.ISO_8859_1;
        } catch (IllegalCharsetNameException unknown) {
            return StandardCharsets.ISO_8859_1;
        }
    }
}
