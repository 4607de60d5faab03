package org.pgdrover.auth.hba;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One line with something on it, split into fields of words.
///
/// @param line the first of the lines that backslashes join
/// @param problem null if there is none; otherwise there are no fields
record AuthLine(
        Path file,
        int line,
        List<List<Word>> fields,
        @Nullable String problem) {}
