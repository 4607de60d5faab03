package org.pgdrover.simulation;

import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// What running a statement gives: rows, if it has columns, and a command tag.
record Outcome(
        @Nullable List<Field> fields,
        int rows,
        IntFunction<List<@Nullable String>> row,
        String tag,
        @Nullable String mask) {
    /// A column of an answer.
    record Field(String name, int type, int length, int attribute) {
        static Field text(String name) {
            return new Field(name, 25, -1, 0);
        }
    }

    static Outcome command(String tag) {
        return new Outcome(null, 0, none -> List.of(), tag, null);
    }

    static Outcome rows(List<Field> fields, List<List<@Nullable String>> rows, String tag, @Nullable String mask) {
        return new Outcome(fields, rows.size(), rows::get, tag, mask);
    }
}
