package org.pgdrover.server.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.server.ProxyServer;
import org.pgdrover.server.config.ConfigLoader;
import org.pgdrover.server.config.InvalidConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** <code>pgdrover check</code>: is the configuration right, and are the nodes ready for it? */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Checks the configuration with its files, and visits each node.",
            "Nodes: reachable, role, same cluster, streaming, what a failover will need, rights of the proxy's own user.",
            "Every complaint says what to do."
        })
final class CheckCommand implements Callable<Integer> {
    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration, such as conf/proxy.conf.")
    private Path file = Path.of("conf/proxy.conf");

    @Override
    public Integer call() {
        ProxyConfig config;
        try {
            config = ConfigLoader.load(file);
            ProxyServer.checkAccessFiles(config.auth());
        } catch (InvalidConfigException | IOException invalid) {
            System.err.println(invalid.getMessage());
            return Main.WRONG;
        }
        System.out.println("ok    " + file + ": no mistakes");
        var check = new NodeCheck(config.cluster(), config.failover());
        check.run();
        check.lines().forEach(System.out::println);
        return check.failed() ? Main.FAILED : 0;
    }
}
