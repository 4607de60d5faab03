package org.pgdrover.server.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.server.config.ConfigLoader;
import org.pgdrover.server.config.InvalidConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `pgdrover run`: the proxy in the foreground until SIGTERM or SIGINT.
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Runs the proxy in the foreground, until SIGTERM or Ctrl-C.")
final class RunCommand implements Callable<Integer> {
    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration, such as conf/proxy.conf.")
    private Path file = Path.of("conf/proxy.conf");

    @Option(
            names = {"-d", "--debug"},
            description =
                    "Prints a line for every statement: where it went, and why; with its data if log.literals is on.")
    private boolean debug;

    @Override
    public Integer call() throws InterruptedException {
        ProxyConfig config;
        try {
            config = ConfigLoader.load(file);
        } catch (InvalidConfigException invalid) {
            System.err.println(invalid.getMessage());
            return Main.WRONG;
        }
        Logging.level(config.log().level());
        try (var lines = debug ? lines(config) : null) {
            return run(config, lines != null ? lines : StatementLog.of(config.log(), System::nanoTime));
        }
    }

    private static DebugLines lines(ProxyConfig config) {
        return new DebugLines(System.out, Terminal.width(), config.log().literals(), Clock.systemDefaultZone());
    }

    private static int run(ProxyConfig config, @Nullable StatementObserver observer) throws InterruptedException {
        var asked = new CountDownLatch(1);
        var termination = new Termination(asked, 10);
        try (var proxy = new RunningProxy(config, observer)) {
            System.out.println("pgdrover listens on " + proxy.address().getHostString() + ":"
                    + proxy.address().getPort());
            Reload.onHangup(proxy.reloadables());
            asked.await();
            return 0;
        } catch (IOException | UnsupportedOperationException failure) {
            System.err.println("pgdrover: " + failure.getMessage());
            return Main.FAILED;
        } finally {
            termination.ended();
        }
    }
}
