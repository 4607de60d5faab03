package org.pgdrover.auth.hba;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.pgdrover.auth.TextFile;

/// The place from which files that include others are read.
interface AuthFiles {
    /// @throws IOException whose message is a sentence; NoSuchFileException if there is none
    TextFile open(Path file) throws IOException;

    /// What is in a directory, but for directories, in no order.
    List<Path> list(Path directory) throws IOException;

    /// Those of the machine.
    AuthFiles ON_DISK = new AuthFiles() {
        @Override
        public TextFile open(Path file) throws IOException {
            return TextFile.open(file);
        }

        @Override
        public List<Path> list(Path directory) throws IOException {
            try (var files = Files.list(directory)) {
                return files.filter(file -> !Files.isDirectory(file)).toList();
            } catch (UncheckedIOException failure) {
                throw failure.getCause();
            }
        }
    };
}
