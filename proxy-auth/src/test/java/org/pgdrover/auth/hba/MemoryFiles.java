package org.pgdrover.auth.hba;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgdrover.auth.TextFile;

/// Files that are in memory only.
final class MemoryFiles implements AuthFiles {
    private final Map<Path, byte[]> files = new HashMap<>();

    MemoryFiles with(String name, byte[] content) {
        files.put(Path.of("/files").resolve(name), content);
        return this;
    }

    MemoryFiles with(String name, String... lines) {
        return with(name, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }

    static Path path(String name) {
        return Path.of("/files").resolve(name);
    }

    @Override
    public TextFile open(Path file) throws IOException {
        var content = files.get(file);
        if (content == null) throw new NoSuchFileException(file.toString());
        return TextFile.of(content);
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        var inside = files.keySet().stream()
                .filter(file -> directory.equals(file.getParent()))
                .toList();
        if (inside.isEmpty()) throw new NoSuchFileException(directory.toString());
        return inside;
    }
}
