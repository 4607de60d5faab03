package org.pgdrover.sql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A list of different names in the order in which they came; reused, not thread-safe.
final class NameList {
    /// A statement with more names is not looked at.
    static final int MOST = 512;

    private static final int SLOTS = 4 * MOST;

    private final Names.Name[] names = new Names.Name[MOST];
    private final int[] taken = new int[MOST];
    private final Names.@Nullable Name[] table = new Names.@Nullable Name[SLOTS];
    private int count;
    private boolean full;

    void clear() {
        for (int i = 0; i < count; i++) table[taken[i]] = null;
        count = 0;
        full = false;
    }

    void add(Names.Name name) {
        int slot = name.hash() & (SLOTS - 1);
        for (var there = table[slot]; there != null; there = table[slot]) {
            if (there.equals(name)) return;
            slot = (slot + 1) & (SLOTS - 1);
        }
        if (count == MOST) {
            full = true;
            return;
        }
        table[slot] = name;
        taken[count] = slot;
        names[count++] = name;
    }

    boolean isFull() {
        return full;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int size() {
        return count;
    }

    String get(int index) {
        return names[index].text();
    }

    List<String> toList() {
        if (count == 0) return List.of();
        if (count == 1) return names[0].alone();
        var texts = new String[count];
        for (int i = 0; i < count; i++) texts[i] = names[i].text();
        return List.of(texts);
    }
}
