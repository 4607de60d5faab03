package org.pgdrover.server.config;

/// One thing wrong in the configuration, with where it stands and what would be right.
///
/// @param line counted from 1; 0 if the problem is that something is missing
public record ConfigProblem(String file, int line, String path, String message) {
    @Override
    public String toString() {
        return file + (line > 0 ? ":" + line : "") + ": " + path + ": " + message;
    }
}
