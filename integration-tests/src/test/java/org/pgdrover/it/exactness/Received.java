package org.pgdrover.it.exactness;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/// A backend message as it came over the wire.
record Received(char type, byte[] body) {
    ByteBuffer read() {
        return ByteBuffer.wrap(body);
    }

    static String string(ByteBuffer from) {
        int start = from.position();
        while (from.get() != 0) continue;
        return new String(from.array(), start, from.position() - start - 1, StandardCharsets.UTF_8);
    }

    /// The fields of an ErrorResponse or NoticeResponse by their letters.
    Map<Character, String> fields() {
        var fields = new TreeMap<Character, String>();
        var from = read();
        for (int letter = from.get(); letter != 0; letter = from.get()) fields.put((char) letter, string(from));
        return fields;
    }

    /// The SQLSTATE of an ErrorResponse or NoticeResponse.
    String sqlState() {
        return fields().getOrDefault('C', "");
    }

    /// The text of one column of a DataRow.
    String column(int wanted) {
        var from = read();
        int columns = from.getShort();
        if (wanted >= columns) throw new IllegalStateException("columns: " + columns + " (expected: > " + wanted + ")");
        for (int i = 0; ; i++) {
            int length = from.getInt();
            if (i == wanted)
                return length < 0 ? "NULL" : new String(body, from.position(), length, StandardCharsets.UTF_8);
            if (length > 0) from.position(from.position() + length);
        }
    }
}
