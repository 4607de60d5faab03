package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// A cache of names by their bytes, so that a name that comes again is not made again.
///
/// Each slot holds the name that came last, so no text can make it slow or large. Not thread-safe.
final class Names {
    private static final int SLOTS = 1 << 10;
    private static final int LONGEST = 64;

    /// A name, the hash of its bytes under this proxy's key, and the list of it alone.
    record Name(byte[] bytes, int hash, String text, List<String> alone) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Name name && hash == name.hash && text.equals(name.text);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private final Name[] words = new Name[SLOTS];
    private final Name[] qualified = new Name[SLOTS];
    private final int key = ThreadLocalRandom.current().nextInt() | 1;

    /// The name of an unquoted word: its ASCII letters in lower case.
    Name word(byte[] text, int from, int to) {
        int hash = key;
        for (int i = from; i < to; i++) hash = step(hash, Keywords.lower(text[i]));
        int slot = slot(hash);
        var found = words[slot];
        if (found != null && found.hash == hash && isWord(found.bytes, text, from, to)) return found;
        var bytes = Arrays.copyOfRange(text, from, to);
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Keywords.lower(bytes[i]);
        return keep(words, slot, name(bytes, hash));
    }

    /// The name that stands in bytes exactly.
    Name exact(byte[] bytes) {
        int hash = key;
        for (byte b : bytes) hash = step(hash, b);
        int slot = slot(hash);
        var found = words[slot];
        if (found != null && found.hash == hash && Arrays.equals(found.bytes, bytes)) return found;
        return keep(words, slot, name(bytes, hash));
    }

    /// The two with a dot between them.
    Name qualified(Name schema, Name name) {
        int hash = step(schema.hash, '.') * 31 + name.hash;
        int slot = slot(hash);
        var found = qualified[slot];
        int length = schema.bytes.length;
        if (found != null
                && found.hash == hash
                && found.bytes.length == length + 1 + name.bytes.length
                && Arrays.equals(found.bytes, 0, length, schema.bytes, 0, length)
                && Arrays.equals(found.bytes, length + 1, found.bytes.length, name.bytes, 0, name.bytes.length))
            return found;
        var both = Arrays.copyOf(schema.bytes, length + 1 + name.bytes.length);
        both[length] = '.';
        System.arraycopy(name.bytes, 0, both, length + 1, name.bytes.length);
        return keep(qualified, slot, name(both, hash));
    }

    private static boolean isWord(byte[] name, byte[] text, int from, int to) {
        if (name.length != to - from) return false;
        for (int i = 0; i < name.length; i++) if (name[i] != Keywords.lower(text[from + i])) return false;
        return true;
    }

    private static Name name(byte[] bytes, int hash) {
        var text = new String(bytes, StandardCharsets.UTF_8);
        return new Name(bytes, hash, text, List.of(text));
    }

    private static Name keep(Name[] names, int slot, Name name) {
        if (name.bytes.length <= LONGEST) names[slot] = name;
        return name;
    }

    private int step(int hash, int b) {
        return (hash ^ b) * 0x9E3779B1 + key;
    }

    private static int slot(int hash) {
        return (hash ^ hash >>> 15) & (SLOTS - 1);
    }
}
