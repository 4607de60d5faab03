package org.pgdrover.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// The lines of a text file in UTF-8, read within bounds.
///
/// A line that is not text, or too long, has a problem instead of a text, so that a reader can go on and
/// report the others as well.
public final class TextFile implements Iterator<TextFile.Line> {
    private static final int MOST_BYTES = 4 << 20;
    private static final int MOST_LINE_BYTES = 1 << 16;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /// One line, without its line feed.
    ///
    /// @param number counts from 1
    /// @param text empty if there is a problem
    /// @param problem null if there is none
    public record Line(int number, String text, @Nullable String problem) {}

    private final byte[] bytes;
    private int at;
    private int number;

    private TextFile(byte[] bytes) {
        this.bytes = bytes;
    }

    /// @throws IOException if the file cannot be read whole; its message is a sentence with the file's
    /// name
    public static TextFile open(Path file) throws IOException {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file))
                throw new IOException("cannot read " + file + ": it is not a regular file");
            try (var in = Files.newInputStream(file)) {
                var bytes = in.readNBytes(MOST_BYTES + 1);
                if (bytes.length > MOST_BYTES)
                    throw new IOException("cannot read " + file + ": it is longer than " + MOST_BYTES + " bytes");
                return new TextFile(bytes);
            }
        } catch (NoSuchFileException absent) {
            // The type stays, for those to whom an absent file is no error.
            throw new NoSuchFileException(file.toString(), null, "there is no such file");
        } catch (AccessDeniedException denied) {
            throw new IOException("cannot read " + file + ": permission denied", denied);
        }
    }

    /// Lines that are in memory already.
    public static TextFile of(byte[] bytes) {
        return new TextFile(bytes.clone());
    }

    /// How many bytes the whole file has.
    public int size() {
        return bytes.length;
    }

    @Override
    public boolean hasNext() {
        return at < bytes.length;
    }

    @Override
    public Line next() {
        if (!hasNext()) throw new NoSuchElementException();
        int start = at;
        int end = start;
        while (end < bytes.length && bytes[end] != '\n') end++;
        at = end + 1;
        number++;
        return line(start, end - start);
    }

    private Line line(int start, int length) {
        if (length > MOST_LINE_BYTES)
            return wrong("the line has " + length + " bytes (expected: <= " + MOST_LINE_BYTES + ")");
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, start, length))
                    .toString();
        } catch (CharacterCodingException malformed) {
            return wrong("the line is not UTF-8: save the file in that encoding");
        }
        if (number == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK)
            return wrong("the file begins with a byte order mark: save it without one");
        for (int i = 0; i < text.length(); i++)
            if (isControl(text.charAt(i)))
                return wrong("control character U+%04X: remove it".formatted((int) text.charAt(i)));
        return new Line(number, text, null);
    }

    private static boolean isControl(char c) {
        return Character.isISOControl(c) && c != '\t' && c != '\r';
    }

    private Line wrong(String problem) {
        return new Line(number, "", problem);
    }
}
