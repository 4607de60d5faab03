package org.pgdrover.server.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs short commands of the operating system.
final class Shell {
    private static final long SECONDS = 120;

    private Shell() {}

    /// Whether the command ends with status 0; what it prints is dropped.
    static boolean succeeds(List<String> command) throws InterruptedException {
        try {
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    /// Runs a command to its end.
    ///
    /// @throws IOException if it does not end with status 0; the message has what it printed
    static void run(List<String> command, Path directory) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": not finished after " + SECONDS + " s");
        }
        if (process.exitValue() != 0)
            throw new IOException(
                    String.join(" ", command) + ": exit status " + process.exitValue() + "\n" + output.strip());
    }
}
