package org.pgdrover.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A program that has run to its end, with all that it has said.
record Command(int status, String said) {
    private static final int MOST_SECONDS = 60;

    /// @param input what the program reads; it sees the end of its input behind it
    static Command run(Map<String, String> environment, String input, List<String> words)
            throws IOException, InterruptedException {
        var builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().putAll(environment);
        var process = builder.start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        return finish(process, "");
    }

    /// Talks to a program: sends each line as soon as the program has said the text before it.
    static Command talk(List<String> words, String... saidThenSent) throws IOException, InterruptedException {
        var process = new ProcessBuilder(words).redirectErrorStream(true).start();
        var said = new StringBuilder();
        var in = process.getInputStream();
        for (int i = 0; i + 1 < saidThenSent.length; i += 2) {
            while (said.indexOf(saidThenSent[i]) < 0) {
                int next = in.read();
                if (next < 0) return finish(process, said.toString());
                said.append((char) next);
            }
            process.getOutputStream().write((saidThenSent[i + 1] + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        }
        return finish(process, said.toString());
    }

    private static Command finish(Process process, String before) throws IOException, InterruptedException {
        var said = before + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("not ended after " + MOST_SECONDS + " s: " + said);
        }
        return new Command(process.exitValue(), said);
    }
}
