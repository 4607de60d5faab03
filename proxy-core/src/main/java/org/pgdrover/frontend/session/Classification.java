package org.pgdrover.frontend.session;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.QueryClassifier;

/// Classifies the statements of messages; one [QueryClassifier] per event loop.
public final class Classification {
    private static final class Scratch {
        final QueryClassifier classifier = new QueryClassifier();
        byte[] bytes = new byte[4096];
    }

    private final FastThreadLocal<Scratch> scratch = new FastThreadLocal<>() {
        @Override
        protected Scratch initialValue() {
            return new Scratch();
        }
    };

    /// Classifies the text that stands in the buffer; borrowed.
    public QueryClass classify(ByteBuf buffer, int from, int length, boolean standardConformingStrings) {
        var mine = scratch.get();
        if (mine.bytes.length < length) mine.bytes = new byte[Math.max(length, 2 * mine.bytes.length)];
        buffer.getBytes(from, mine.bytes, 0, length);
        return mine.classifier.classify(mine.bytes, 0, length, standardConformingStrings);
    }

    /// Where each statement of the string that stands in the buffer ends, counted from the string's
    /// beginning; borrowed.
    public List<Integer> ends(ByteBuf buffer, int from, int length, boolean standardConformingStrings) {
        var bytes = new byte[length];
        buffer.getBytes(from, bytes);
        return scratch.get().classifier.ends(bytes, 0, length, standardConformingStrings);
    }

    /// The text as a person reads it, cut to 1000 characters.
    public static String text(ByteBuf buffer, int from, int length) {
        return buffer.toString(from, Math.min(length, 1000), StandardCharsets.UTF_8);
    }
}
