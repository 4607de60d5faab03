package org.pgdrover.simulation;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/// The keys that many clients write and read at once; all others belong to one client.
final class Shared {
    private static final String PREFIX = "shared";
    private static final int KEYS = 2;

    private Shared() {}

    static boolean isShared(String key) {
        return key.startsWith(PREFIX);
    }

    static String key(int number) {
        return PREFIX + number;
    }

    /// They are there from the beginning.
    static void begin(ModelData data) {
        var rows = new LinkedHashMap<String, @Nullable String>();
        for (int i = 0; i < KEYS; i++) rows.put(key(i), "begin");
        data.commit(rows, 0);
    }
}
