package org.pgdrover.server.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.server.ProxyServer;
import org.pgdrover.server.config.ConfigLoader;
import org.pgdrover.server.config.InvalidConfigException;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.KeyFileRights;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.TlsProvider;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `pgdrover check`: is the configuration right, and are the nodes ready for it?
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Checks the configuration with its files, lists the rules of pool_hba.conf as they are understood, and visits each node.",
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
        HbaRules rules;
        ServerTls tls;
        try {
            config = ConfigLoader.load(file);
            rules = ProxyServer.readAccessFiles(config);
            var library = TlsProvider.of(config.runtime().tlsLibrary(), Runnable::run);
            ClientTls.read(config.listen().tls(), library).close();
            tls = ServerTls.read(config.cluster(), library);
        } catch (InvalidConfigException | IOException | UnsupportedOperationException invalid) {
            System.err.println(invalid.getMessage());
            return Main.WRONG;
        }
        System.out.println("ok    " + file + ": no mistakes");
        keyFiles(config).forEach(CheckCommand::warnOfRights);
        System.out.println("Who may connect, in this order (what no rule matches is refused):");
        rules.lines().forEach(rule -> System.out.println("      " + rule));
        try {
            return visit(config, tls) ? 0 : Main.FAILED;
        } finally {
            tls.close();
        }
    }

    /// Whether nothing was found that will not work.
    private static boolean visit(ProxyConfig config, ServerTls tls) {
        var nodes = new NodeCheck(config.cluster(), config.failover(), tls);
        nodes.run();
        nodes.lines().forEach(System.out::println);
        if (!config.auth().query().enabled()) return !nodes.failed();
        var query = new QueryCheck(config, () -> tls).run();
        System.out.println(query.text());
        return !nodes.failed() && !query.failed();
    }

    private static List<Path> keyFiles(ProxyConfig config) {
        var files = new ArrayList<Path>();
        for (var each :
                List.of(config.listen().tls().files(), config.cluster().tls().files()))
            if (each.keyFile() != null) files.add(each.keyFile());
        for (var each : config.listen().tls().sni()) files.add(each.keyFile());
        return files;
    }

    private static void warnOfRights(Path keyFile) {
        var complaint = KeyFileRights.complaint(keyFile);
        if (complaint != null) System.out.println("warn  " + keyFile + ": " + complaint);
    }
}
