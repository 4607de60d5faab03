package org.pgdrover.auth;

import java.nio.file.Path;

/// Something wrong on one line of a file, with what to do about it; lines count from 1.
public record FileProblem(Path file, int line, String message) {
    @Override
    public String toString() {
        return file + ":" + line + ": " + message;
    }
}
