package org.pgdrover.server.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command line of pgdrover. Exit status 0 is as asked, 1 failed to start or run, 2 wrong usage or
/// configuration.
@Command(
        name = "pgdrover",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Pooling, load balancing and automatic failover for PostgreSQL streaming replication, in one process.",
            ""
        },
        footer = {
            "",
            "Exit status: 0 stopped as asked, 1 failed to start or run, 2 wrong usage or configuration.",
            "",
            "Begin with:  pgdrover demo                      a cluster of its own, to try things on",
            "             pgdrover check -c conf/proxy.conf  what is wrong with your settings and your nodes",
            "             pgdrover run -c conf/proxy.conf    the proxy in front of your cluster"
        },
        subcommands = {RunCommand.class, CheckCommand.class, DemoCommand.class, HashPasswordCommand.class})
public final class Main implements Runnable {
    static final int FAILED = 1;
    static final int WRONG = 2;

    @CommandLine.Spec
    private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec == null) throw new IllegalStateException("picocli has not set the command");
        throw new CommandLine.ParameterException(
                spec.commandLine(), "which command? (run, check, demo or hash-password)");
    }

    /// Netty's search for leaked buffers, for developers, costs a few percent: it is off unless somebody
    /// asks for it.
    private static final String LEAK_DETECTION = "io.netty.leakDetection.level";

    public static void main(String[] arguments) {
        if (System.getProperty(LEAK_DETECTION) == null) System.setProperty(LEAK_DETECTION, "disabled");
        // Not a return: threads of libraries may linger for a moment.
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    /// Reads the version that the build has written.
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            var properties = new Properties();
            try (InputStream resource = Main.class.getResourceAsStream("/pgdrover.properties")) {
                if (resource != null) properties.load(resource);
            }
            return new String[] {
                "pgdrover " + properties.getProperty("version", "of unknown version"),
                "on Java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
            };
        }
    }
}
