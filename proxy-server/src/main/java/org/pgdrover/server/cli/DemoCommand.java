package org.pgdrover.server.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.MetricsConfig;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.server.embedded.EmbeddedCluster;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `pgdrover demo`: a cluster of its own with the proxy in front of it, to try things on.
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Starts a real primary and standbys from embedded binaries, and the proxy in front of them, in the foreground.",
            "Database, user and password are \"demo\". Every statement gets a line: where it went, and why.",
            ""
        },
        footer = {
            "",
            "Commands, on standard input:",
            "  status              nodes, roles, lag and what the failover is doing",
            "  kill NODE|primary   kill -9 of a server",
            "  start NODE          starts a server again; one that was replaced is made a standby anew",
            "  pause NODE          SIGSTOP: it is there, but says nothing",
            "  resume NODE         SIGCONT",
            "  lag NODE SECONDS    makes a standby replay late; 0 ends that",
            "  help                these lines",
            "  quit                ends everything and removes the data; so do Ctrl-C and SIGTERM"
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--standbys",
            paramLabel = "N",
            defaultValue = "2",
            description = "How many (default: ${DEFAULT-VALUE}).")
    private int standbys;

    @Option(names = "--port", defaultValue = "9999", description = "Where clients connect (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            defaultValue = "9187",
            description = "For /metrics and /health (default: ${DEFAULT-VALUE}).")
    private int metricsPort;

    @Option(
            names = "--postgres",
            paramLabel = "MAJOR",
            defaultValue = "18",
            description = "Version of PostgreSQL: ${DEFAULT-VALUE} comes with pgdrover, others must be installed.")
    private int postgres;

    @Option(names = "--workload", description = "Runs a mixed load and prints a table a second.")
    private boolean workload;

    @Option(names = "--synchronous", description = "Commits wait for one standby, so that none can be lost.")
    private boolean synchronous;

    private final CountDownLatch quit = new CountDownLatch(1);

    @Override
    public Integer call() throws InterruptedException {
        if (standbys < 0 || standbys > 8) {
            System.err.println("--standbys: " + standbys + " (expected: 0 to 8)");
            return Main.WRONG;
        }
        Logging.level("warn");
        var termination = new Termination(quit, 30);
        try {
            return demo();
        } catch (IOException | SQLException | UnsupportedOperationException failure) {
            System.err.println("pgdrover: " + failure.getMessage());
            return Main.FAILED;
        } finally {
            termination.ended();
        }
    }

    private int demo() throws IOException, InterruptedException, SQLException {
        PortCheck.free("127.0.0.1", port, "--port");
        PortCheck.free("127.0.0.1", metricsPort, "--metrics-port");
        System.out.println("starting PostgreSQL " + postgres + ": a primary and " + standbys + " standby(s) …");
        var settings = Files.createTempDirectory("pgdrover-settings-");
        try (var cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(standbys, postgres, synchronous));
                var lines = new DebugLines(System.out, Terminal.width(), true, Clock.systemDefaultZone());
                var proxy = new RunningProxy(config(cluster, settings), workload ? null : lines)) {
            var commands = new DemoCommands(cluster, proxy, System.out, quit::countDown);
            System.out.println(commands.status());
            System.out.println("metrics: http://127.0.0.1:" + metricsPort
                    + "/metrics   commands: status, kill, start, pause, resume, lag, help, quit");
            System.out.println("ready: psql \"host=127.0.0.1 port="
                    + proxy.address().getPort() + " dbname=demo user=demo password=demo\"");
            Thread.ofPlatform().name("pgdrover-commands").daemon().start(() -> read(commands));
            if (workload) new Workload(proxy, System.out).run(quit);
            quit.await();
            System.out.println("stopping …");
            return 0;
        } finally {
            for (var file : new String[] {"pool_hba.conf", "users.txt"}) Files.deleteIfExists(settings.resolve(file));
            Files.deleteIfExists(settings);
        }
    }

    private ProxyConfig config(EmbeddedCluster cluster, Path directory) throws IOException {
        var hba = Files.writeString(directory.resolve("pool_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
        var users = Files.writeString(directory.resolve("users.txt"), "\"demo\" \"demo\"\n");
        return ProxyConfig.of(cluster.config())
                .with(new ListenConfig("127.0.0.1", port, null, 1024, 10_000, ListenTlsConfig.DEFAULT))
                .with(new AuthConfig(hba, users, AuthConfig.DEFAULT.timeout()))
                .with(new MetricsConfig("127.0.0.1", metricsPort));
    }

    /// Commands until the input ends; a demo without input, such as in the background, goes on.
    private static void read(DemoCommands commands) {
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            for (var line = input.readLine(); line != null; line = input.readLine()) commands.run(line);
        } catch (IOException unreadable) {
            System.err.println("pgdrover: standard input cannot be read: " + unreadable.getMessage());
        }
    }
}
