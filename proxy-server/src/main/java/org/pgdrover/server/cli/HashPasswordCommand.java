package org.pgdrover.server.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.users.Md5Password;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `pgdrover hash-password`: a line for `users.txt` from which the password cannot be found again.
@Command(
        name = "hash-password",
        mixinStandardHelpOptions = true,
        description = {
            "Reads a password from the terminal, or the first line of standard input, and prints the line for users.txt:",
            "a SCRAM-SHA-256 verifier, as pg_authid.rolpassword has it. With it clients log in to the proxy by SCRAM.",
            "For the proxy to log in to the servers as well they must have the same verifier: set it there with",
            "ALTER ROLE user PASSWORD 'the verifier', or copy theirs here.",
            ""
        })
final class HashPasswordCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "USER", description = "The user whose password it is.")
    private String user = "";

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Of the key derivation (default: ${DEFAULT-VALUE}, as PostgreSQL's scram_iterations).")
    private int iterations;

    @Option(
            names = "--md5",
            description = "An MD5 hash, for servers that know no better: whoever has it can log in with it.")
    private boolean md5;

    @Override
    public Integer call() throws IOException {
        if (iterations < 1 || iterations > 10_000_000) {
            System.err.println("--iterations: " + iterations + " (expected: 1 to 10000000)");
            return Main.WRONG;
        }
        var password = read();
        if (password == null || password.isEmpty()) {
            System.err.println("pgdrover: no password: an empty one lets nobody in");
            return Main.WRONG;
        }
        if (spec == null) throw new IllegalStateException("picocli has not set the command");
        spec.commandLine().getOut().println(quote(user) + " " + quote(hash(password)));
        spec.commandLine().getOut().flush();
        return 0;
    }

    private @Nullable String read() throws IOException {
        var console = System.console();
        if (console != null && console.isTerminal()) return typed(console);
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    }

    private @Nullable String typed(Console console) {
        var first = console.readPassword("Password of %s: ", user);
        var again = console.readPassword("The same again: ");
        if (first == null || again == null) return null;
        boolean same = Arrays.equals(first, again);
        var password = same ? new String(first) : "";
        Arrays.fill(first, '\0');
        Arrays.fill(again, '\0');
        if (!same) System.err.println("pgdrover: they are not the same");
        return password;
    }

    private String hash(String password) {
        if (md5) return "md5" + Md5Password.digest(password, user);
        return new ScramVerifiers(new SecureRandom(), new ScramDerivation(), iterations)
                .make(password)
                .text();
    }

    private static String quote(String text) {
        return "\"" + text.replace("\"", "\"\"") + "\"";
    }
}
