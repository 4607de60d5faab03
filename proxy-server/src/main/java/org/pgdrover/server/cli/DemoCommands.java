package org.pgdrover.server.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.util.stream.Collectors;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;
import picocli.CommandLine;

/// Carries out what is typed into a demo.
final class DemoCommands {
    private static final String KNOWN =
            "expected: status, kill NODE|primary, start NODE, pause NODE, resume NODE, lag NODE SECONDS, help or quit";

    private final EmbeddedCluster cluster;
    private final RunningProxy proxy;
    private final PrintStream out;
    private final Runnable quit;

    DemoCommands(EmbeddedCluster cluster, RunningProxy proxy, PrintStream out, Runnable quit) {
        this.cluster = cluster;
        this.proxy = proxy;
        this.out = out;
        this.quit = quit;
    }

    /// Runs one line; a mistake is answered, and nothing else happens.
    void run(String line) {
        var words = line.strip().split("\\s+");
        if (words[0].isEmpty()) return;
        try {
            out.println("> " + run(words));
        } catch (IOException | SQLException | IllegalArgumentException | IllegalStateException failure) {
            out.println("> " + line.strip() + ": " + failure.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private String run(String[] words) throws IOException, InterruptedException, SQLException {
        int arguments = words.length - 1;
        return switch (words[0]) {
            case "status" -> "status\n" + status();
            case "help" -> "help\n" + String.join("\n", help());
            case "quit", "exit" -> {
                quit.run();
                yield "quit";
            }
            case "kill", "start", "pause", "resume" -> {
                if (arguments != 1) throw new IllegalArgumentException("which node? (" + KNOWN + ")");
                yield act(words[0], named(words[1]));
            }
            case "lag" -> {
                if (arguments != 2 || !words[2].matches("[0-9]{1,4}"))
                    throw new IllegalArgumentException("expected: lag NODE SECONDS, from 0 to 9999");
                yield lag(named(words[1]), Integer.parseInt(words[2]));
            }
            default -> throw new IllegalArgumentException("unknown command (" + KNOWN + ")");
        };
    }

    private EmbeddedNode named(String word) {
        if (!word.equals("primary")) return cluster.node(word);
        var primary = proxy.topology().primary();
        if (primary == null) throw new IllegalStateException("there is no primary now");
        return cluster.node(primary.name());
    }

    private String act(String action, EmbeddedNode node) throws IOException, InterruptedException, SQLException {
        switch (action) {
            case "kill" -> {
                if (!node.isRunning()) throw new IllegalStateException(node.name() + " is not running");
                node.kill();
                return "killed " + node;
            }
            case "pause" -> {
                node.pause();
                return "paused " + node + " (SIGSTOP)";
            }
            case "resume" -> {
                node.resume();
                return "resumed " + node;
            }
            default -> {
                return start(node);
            }
        }
    }

    private String start(EmbeddedNode node) throws IOException, InterruptedException, SQLException {
        if (node.isRunning()) throw new IllegalStateException(node.name() + " is running already");
        var primary = proxy.topology().primary();
        if (primary == null || primary.name().equals(node.name())) {
            node.start();
            return "started " + node;
        }
        cluster.rejoin(node, cluster.node(primary.name()));
        return "started " + node + " as a standby of " + primary.name() + ", from a copy of it";
    }

    private String lag(EmbeddedNode node, int seconds) throws SQLException {
        var primary = proxy.topology().primary();
        if (primary != null && primary.name().equals(node.name()))
            throw new IllegalStateException(node.name() + " is the primary; only a standby replays");
        node.delayReplay(seconds);
        return seconds == 0 ? node + " replays at once again" : node + " replays commits " + seconds + " s late";
    }

    /// The lines that `demo --help` ends with.
    private static String[] help() {
        return new CommandLine(new DemoCommand())
                .getCommandSpec()
                .usageMessage()
                .footer();
    }

    /// The nodes as the proxy sees them.
    String status() {
        return proxy.topology().nodes().stream().map(NodeLine::of).collect(Collectors.joining("\n", "", "\n"))
                + "failover: " + proxy.failoverState() + ", clients: " + proxy.clients();
    }
}
