package org.pgdrover.server.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.AdminConfig;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.FailoverMode;
import org.pgdrover.config.HealthConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.LogConfig;
import org.pgdrover.config.MetricsConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.config.RuntimeConfig;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TransportKind;
import org.pgdrover.server.config.ConfigSection.Problems;

/// Reads `proxy.conf`; docs/configuration.md describes every key.
public final class ConfigLoader {
    private static final Duration MILLISECOND = Duration.ofMillis(1);

    private final List<ConfigProblem> found = new ArrayList<>();

    private ConfigLoader() {}

    /// @throws InvalidConfigException with everything that is wrong, in the order of the file
    public static ProxyConfig load(Path file) throws InvalidConfigException {
        return new ConfigLoader().read(file);
    }

    private ProxyConfig read(Path file) throws InvalidConfigException {
        var directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
        var problems = new Problems(file.toString(), directory, found);
        var parsed = parse(file, problems);
        if (parsed == null) throw new InvalidConfigException(found);
        var top = new ConfigSection("proxy.conf", parsed.root(), 1, problems);
        top.section("pgdrover");
        top.end();
        var root = parsed.root().get("pgdrover") instanceof ConfigObject object ? object : null;
        var config = config(new ConfigSection(
                "pgdrover", root, root == null ? 0 : root.origin().lineNumber(), problems));
        if (found.isEmpty()) return config;
        found.sort(java.util.Comparator.comparingInt(ConfigProblem::line));
        throw new InvalidConfigException(found);
    }

    private static @Nullable Config parse(Path file, Problems problems) {
        if (!Files.isReadable(file)) {
            problems.add(0, "pgdrover", "the file cannot be read (expected: a readable file in HOCON)");
            return null;
        }
        try {
            return ConfigFactory.parseFile(
                            file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
                    .resolve();
        } catch (ConfigException malformed) {
            int line = malformed.origin() == null ? 0 : malformed.origin().lineNumber();
            problems.add(Math.max(0, line), "pgdrover", String.valueOf(malformed.getMessage()));
            return null;
        }
    }

    private static ProxyConfig config(ConfigSection root) {
        var config = new ProxyConfig(
                listen(root.section("listen")),
                AuthSection.read(root.section("auth")),
                cluster(root.section("cluster")),
                pool(root.section("pool")),
                routing(root.section("routing")),
                failover(root.section("failover")),
                admin(root.section("admin")),
                metrics(root.section("metrics")),
                log(root.section("log")),
                runtime(root.section("runtime")));
        root.end();
        return config;
    }

    private static ListenConfig listen(ConfigSection section) {
        var usual = ListenConfig.DEFAULT;
        var sockets = section.path("unix-socket-dir");
        if (sockets != null && !Files.isDirectory(sockets))
            section.problem("unix-socket-dir", sockets + " is not a directory: create it, or set null");
        var config = new ListenConfig(
                section.text("host", usual.host()),
                section.integer("port", usual.port(), 0, 65535),
                sockets,
                section.integer("backlog", usual.backlog(), 1, 65535),
                section.integer("max-clients", usual.maxClients(), 1, Integer.MAX_VALUE),
                TlsSections.listen(section.section("tls")));
        section.end();
        return config;
    }

    private static ClusterConfig cluster(ConfigSection section) {
        var discovery = section.text("discovery", "static");
        if (!discovery.equals("static"))
            section.problem("discovery", "\"" + discovery + "\" is not supported yet (expected: static)");
        var tls = TlsSections.cluster(section.section("tls"));
        var config = new ClusterConfig(
                nodes(section, tls.mode()),
                section.text("user", "pgdrover"),
                section.text("password"),
                section.text("database", "postgres"),
                tls,
                health(section.section("health")));
        section.end();
        return config;
    }

    private static List<NodeConfig> nodes(ConfigSection section, TlsMode tls) {
        var nodes = new ArrayList<NodeConfig>();
        var names = new HashSet<String>();
        var endpoints = new HashSet<Endpoint>();
        for (var node : section.list("nodes")) {
            var name = node.text("name", "pg" + (nodes.size() + 1));
            var endpoint = new Endpoint(node.text("host", "127.0.0.1"), node.integer("port", 5432, 1, 65535));
            if (!node.has("host")) node.problem("host", "missing (expected: the node's host name or address)");
            if (!names.add(name)) node.problem("name", "\"" + name + "\" is used twice: every node needs its own name");
            if (!endpoints.add(endpoint)) node.problem("host", endpoint + " is listed twice: remove one of the nodes");
            nodes.add(new NodeConfig(
                    name,
                    endpoint,
                    node.integer("weight", 1, 0, 10_000),
                    node.integer("priority", 100, 0, Integer.MAX_VALUE),
                    TlsSections.tlsName(node, tls)));
            node.end();
        }
        if (nodes.isEmpty() && !section.has("nodes"))
            section.problem(
                    "nodes", "missing (expected: a list such as [ { name = pg1, host = \"10.0.0.1\", port = 5432 } ])");
        else if (nodes.isEmpty()) section.problem("nodes", "empty (expected: at least one node)");
        return nodes;
    }

    private static HealthConfig health(ConfigSection section) {
        var usual = HealthConfig.DEFAULT;
        var config = new HealthConfig(
                section.duration("interval", usual.interval(), Duration.ofMillis(10)),
                section.duration("timeout", usual.timeout(), Duration.ofMillis(10)),
                section.integer("failures", usual.failures(), 1, 1000));
        section.end();
        return config;
    }

    private static PoolConfig pool(ConfigSection section) {
        var usual = PoolConfig.DEFAULT;
        var defaults = settings(section, usual.defaults());
        var config = new PoolConfig(
                defaults,
                section.integer("max-per-node", usual.maxPerNode(), 0, Integer.MAX_VALUE),
                overrides(section.sections("databases"), defaults),
                overrides(section.sections("users"), defaults),
                section.integer("statement-cache", usual.statementCache(), 0, 1_000_000));
        section.end();
        return config;
    }

    private static Map<String, PoolSettings> overrides(Map<String, ConfigSection> sections, PoolSettings defaults) {
        var overrides = new HashMap<String, PoolSettings>();
        sections.forEach((name, section) -> {
            overrides.put(name, settings(section, defaults));
            section.end();
        });
        return overrides;
    }

    private static PoolSettings settings(ConfigSection section, PoolSettings usual) {
        int size = section.integer("size", usual.size(), 1, 1_000_000);
        int least = section.integer("min-size", Math.min(usual.minSize(), size), 0, 1_000_000);
        if (least > size) {
            section.problem("min-size", least + " (expected: at most size, which is " + size + ")");
            least = size;
        }
        return new PoolSettings(
                section.choice("mode", PoolMode.class, usual.mode()),
                size,
                least,
                section.duration("wait-timeout", usual.waitTimeout(), MILLISECOND),
                section.duration("idle-timeout", usual.idleTimeout(), Duration.ZERO),
                section.duration("lifetime", usual.lifetime(), Duration.ZERO));
    }

    private static RoutingConfig routing(ConfigSection section) {
        var usual = RoutingConfig.DEFAULT;
        var config = new RoutingConfig(
                section.flag("load-balance", usual.loadBalance()),
                section.choice("primary-reads", PrimaryReads.class, usual.primaryReads()),
                section.choice("consistency", Consistency.class, usual.consistency()),
                section.duration("max-lag", usual.maxLag(), MILLISECOND),
                section.texts("read-functions", usual.readFunctions()),
                section.texts("write-functions", usual.writeFunctions()),
                patterns(section));
        section.end();
        return config;
    }

    private static List<Pattern> patterns(ConfigSection section) {
        var patterns = new ArrayList<Pattern>();
        for (var text : section.texts("primary-patterns", List.of())) {
            try {
                patterns.add(Pattern.compile(text));
            } catch (PatternSyntaxException malformed) {
                section.problem(
                        "primary-patterns",
                        "\"" + text + "\" (expected: a regular expression): " + malformed.getDescription());
            }
        }
        return patterns;
    }

    private static FailoverConfig failover(ConfigSection section) {
        var usual = FailoverConfig.DEFAULT;
        var lease = section.section("lease");
        if (!lease.texts("etcd", List.of()).isEmpty())
            lease.problem("etcd", "a lease among several proxies is not supported yet (expected: [])");
        lease.end();
        var config = new FailoverConfig(
                section.choice("mode", FailoverMode.class, usual.mode()),
                section.duration("hold-timeout", usual.holdTimeout(), MILLISECOND),
                section.integer("hold-max-clients", usual.holdMaxClients(), 0, Integer.MAX_VALUE),
                section.size("max-data-loss", usual.maxDataLossBytes()),
                section.flag("report-canceled-waits", usual.reportCanceledWaits()));
        section.end();
        return config;
    }

    private static AdminConfig admin(ConfigSection section) {
        var usual = AdminConfig.DEFAULT;
        var config = new AdminConfig(
                section.text("database", usual.database()),
                section.texts("users", usual.users()),
                section.texts("stats-users", usual.statsUsers()));
        section.end();
        return config;
    }

    private static MetricsConfig metrics(ConfigSection section) {
        var usual = MetricsConfig.DEFAULT;
        var config =
                new MetricsConfig(section.text("host", usual.host()), section.integer("port", usual.port(), -1, 65535));
        section.end();
        return config;
    }

    private static LogConfig log(ConfigSection section) {
        var usual = LogConfig.DEFAULT;
        var level = section.text("level", usual.level());
        if (!List.of("error", "warn", "info", "debug", "trace").contains(level))
            section.problem("level", "\"" + level + "\" (expected: error | warn | info | debug | trace)");
        var config = new LogConfig(
                level,
                section.flag("statements", usual.statements()),
                section.duration("slow-statement", usual.slowStatement(), Duration.ZERO),
                section.flag("literals", usual.literals()));
        section.end();
        return config;
    }

    private static RuntimeConfig runtime(ConfigSection section) {
        var usual = RuntimeConfig.DEFAULT;
        var config = new RuntimeConfig(
                section.integer("event-loops", usual.eventLoops(), 0, 1024),
                section.choice("transport", TransportKind.class, usual.transport()),
                section.choice("tls-library", TlsLibrary.class, usual.tlsLibrary()));
        section.end();
        return config;
    }
}
