package org.pgdrover.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.AdminConfig;
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
import org.pgdrover.config.TlsConfig;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TransportKind;

class ConfigLoaderTest {
    private static final String NODES = "cluster.nodes = [ { host = a } ]\n";

    @TempDir
    Path directory = Path.of(".");

    @BeforeEach
    void files() throws IOException {
        for (var name : new String[] {"pool_hba.conf", "users.txt", "cert.pem", "key.pem", "ca.pem"})
            Files.writeString(directory.resolve(name), "");
    }

    private ProxyConfig load(String inside) throws IOException, InvalidConfigException {
        return ConfigLoader.load(Files.writeString(directory.resolve("proxy.conf"), "pgdrover {\n" + inside + "\n}\n"));
    }

    private void assertProblem(String inside, String problem) {
        assertThatThrownBy(() -> load(NODES + inside))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void everythingButTheNodesHasADefault() throws Exception {
        var config = load(NODES);

        assertThat(config.listen()).isEqualTo(ListenConfig.DEFAULT);
        assertThat(config.auth().hbaFile()).isEqualTo(directory.toAbsolutePath().resolve("pool_hba.conf"));
        assertThat(config.auth().userList())
                .isEqualTo(directory.toAbsolutePath().resolve("users.txt"));
        assertThat(config.auth().timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.cluster().nodes()).containsExactly(new NodeConfig("pg1", new Endpoint("a", 5432), 1, 100));
        assertThat(config.cluster().user()).isEqualTo("pgdrover");
        assertThat(config.cluster().password()).isNull();
        assertThat(config.cluster().database()).isEqualTo("postgres");
        assertThat(config.cluster().tls()).isEqualTo(TlsConfig.DEFAULT);
        assertThat(config.cluster().health()).isEqualTo(HealthConfig.DEFAULT);
        assertThat(config.pool()).isEqualTo(PoolConfig.DEFAULT);
        assertThat(config.routing()).usingRecursiveComparison().isEqualTo(RoutingConfig.DEFAULT);
        assertThat(config.failover()).isEqualTo(FailoverConfig.DEFAULT);
        assertThat(config.admin()).isEqualTo(AdminConfig.DEFAULT);
        assertThat(config.metrics()).isEqualTo(MetricsConfig.DEFAULT);
        assertThat(config.log()).isEqualTo(LogConfig.DEFAULT);
        assertThat(config.runtime()).isEqualTo(RuntimeConfig.DEFAULT);
    }

    @Test
    void everyKeyGoesWhereItBelongs() throws Exception {
        var config = load("""
                listen { host = "::1", port = 1, unix-socket-dir = ".", backlog = 2, max-clients = 3
                  tls { mode = require, cert-file = cert.pem, key-file = key.pem, min-version = "TLSv1.3" } }
                auth { hba-file = pool_hba.conf, user-list = users.txt, timeout = 4s }
                cluster {
                  nodes = [ { name = n1, host = h1, port = 5, weight = 6, priority = 7 }, { name = n2, host = h2 } ]
                  user = u, password = p, database = d
                  tls { mode = verify-full, ca-file = ca.pem }
                  health { interval = 8s, timeout = 9s, failures = 10 } }
                pool { mode = session, size = 11, min-size = 2, max-per-node = 12, wait-timeout = 13s, idle-timeout = 14s
                  lifetime = 15s, statement-cache = 16
                  databases { db { size = 17 } }, users { me { mode = transaction } } }
                routing { load-balance = off, primary-reads = weighted, consistency = global, max-lag = 18s
                  read-functions = [a], write-functions = [b.c], primary-patterns = ["x+"] }
                failover { mode = manual, hold-timeout = 19s, hold-max-clients = 20, max-data-loss = 21 KiB }
                admin { database = adm, users = [x], stats-users = [y] }
                metrics { host = "::", port = 22 }
                log { level = debug, statements = on, slow-statement = 23ms }
                runtime { event-loops = 24, transport = io_uring }
                """);

        var at = directory.toAbsolutePath();
        assertThat(config.listen())
                .isEqualTo(new ListenConfig(
                        "::1",
                        1,
                        at.resolve("."),
                        2,
                        3,
                        new TlsConfig(
                                TlsMode.REQUIRE, at.resolve("cert.pem"), at.resolve("key.pem"), null, "TLSv1.3")));
        assertThat(config.auth().timeout()).isEqualTo(Duration.ofSeconds(4));
        assertThat(config.cluster().nodes())
                .containsExactly(
                        new NodeConfig("n1", new Endpoint("h1", 5), 6, 7),
                        new NodeConfig("n2", new Endpoint("h2", 5432), 1, 100));
        assertThat(config.cluster().user()).isEqualTo("u");
        assertThat(config.cluster().password()).isEqualTo("p");
        assertThat(config.cluster().database()).isEqualTo("d");
        assertThat(config.cluster().tls())
                .isEqualTo(new TlsConfig(TlsMode.VERIFY_FULL, null, null, at.resolve("ca.pem"), "TLSv1.2"));
        assertThat(config.cluster().health())
                .isEqualTo(new HealthConfig(Duration.ofSeconds(8), Duration.ofSeconds(9), 10));
        var pool = new PoolSettings(
                PoolMode.SESSION, 11, 2, Duration.ofSeconds(13), Duration.ofSeconds(14), Duration.ofSeconds(15));
        assertThat(config.pool().defaults()).isEqualTo(pool);
        assertThat(config.pool().maxPerNode()).isEqualTo(12);
        assertThat(config.pool().statementCache()).isEqualTo(16);
        assertThat(config.pool().settings("db", "x").size()).isEqualTo(17);
        assertThat(config.pool().settings("db", "x").lifetime()).isEqualTo(Duration.ofSeconds(15));
        assertThat(config.pool().settings("db", "me").mode()).isEqualTo(PoolMode.TRANSACTION);
        assertThat(config.pool().settings("db", "me").size()).isEqualTo(11);
        assertThat(config.routing().loadBalance()).isFalse();
        assertThat(config.routing().primaryReads()).isEqualTo(PrimaryReads.WEIGHTED);
        assertThat(config.routing().consistency()).isEqualTo(Consistency.GLOBAL);
        assertThat(config.routing().maxLag()).isEqualTo(Duration.ofSeconds(18));
        assertThat(config.routing().readFunctions()).containsExactly("a");
        assertThat(config.routing().writeFunctions()).containsExactly("b.c");
        assertThat(config.routing().primaryPatterns())
                .extracting(Pattern::pattern)
                .containsExactly("x+");
        assertThat(config.failover())
                .isEqualTo(new FailoverConfig(FailoverMode.MANUAL, Duration.ofSeconds(19), 20, 21 * 1024));
        assertThat(config.admin().database()).isEqualTo("adm");
        assertThat(config.admin().users()).containsExactly("x");
        assertThat(config.admin().statsUsers()).containsExactly("y");
        assertThat(config.metrics()).isEqualTo(new MetricsConfig("::", 22));
        assertThat(config.log()).isEqualTo(new LogConfig("debug", true, Duration.ofMillis(23)));
        assertThat(config.runtime()).isEqualTo(new RuntimeConfig(24, TransportKind.IO_URING));
    }

    @Test
    void reportsEveryProblemAtOnceWithItsLine() {
        assertThatThrownBy(() -> load("""
                        pool.size = 0
                        listen.prot = 9999
                        failover.mode = sometimes
                        auth.timeout = 30
                        routing.primary-patterns = ["("]
                        """)).isInstanceOfSatisfying(InvalidConfigException.class, invalid -> {
            assertThat(invalid.problems()).hasSize(6);
            assertThat(invalid.problems().stream().map(ConfigProblem::toString))
                    .anyMatch(line -> line.endsWith(
                            "proxy.conf:2: pgdrover.pool.size: 0 (expected: a whole number, from 1 to 1000000)"))
                    .anyMatch(
                            line -> line.contains("proxy.conf:3: pgdrover.listen.prot: unknown key (expected: one of"))
                    .anyMatch(line -> line.contains(
                            "proxy.conf:4: pgdrover.failover.mode: \"sometimes\" (expected: automatic | manual | off)"))
                    .anyMatch(line -> line.contains("proxy.conf:5: pgdrover.auth.timeout: 30 (expected: a duration"))
                    .anyMatch(line -> line.contains("proxy.conf:6: pgdrover.routing.primary-patterns:"))
                    .anyMatch(line -> line.contains("pgdrover.cluster.nodes: missing"));
        });
    }

    @Test
    void refusesWhatItCannotDoYet() {
        assertProblem("cluster.discovery = patroni", "cluster.discovery: \"patroni\" is not supported yet");
        assertProblem("auth.query.enabled = true", "auth.query.enabled");
        assertProblem("auth.ident-file = x", "auth.ident-file");
        assertProblem("failover.lease.etcd = [\"http://x\"]", "failover.lease.etcd");
        assertProblem("listen.tls.mode = verify-full", "listen.tls.mode");
    }

    @Test
    void refusesContradictions() {
        assertProblem(
                "pool { size = 2, min-size = 3 }", "pgdrover.pool.min-size: 3 (expected: at most size, which is 2)");
        assertProblem("listen.tls.mode = require", "require needs a certificate");
        assertProblem("listen.tls.cert-file = cert.pem", "cert-file and key-file together");
        assertProblem("cluster.tls.mode = verify-ca", "need ca-file");
        assertProblem("auth.hba-file = absent.conf", "absent.conf cannot be read");
        assertProblem("cluster.nodes = [ { host = a }, { host = a, name = b } ]", "a:5432 is listed twice");
        assertProblem("cluster.nodes = [ { host = a }, { host = b, name = pg1 } ]", "\"pg1\" is used twice");
        assertProblem("cluster.nodes = []", "at least one node");
        assertProblem("listen.unix-socket-dir = absent", "absent is not a directory");
        assertProblem("pool = 3", "a section in braces");
    }

    @Test
    void reportsASyntaxErrorWithItsLine() {
        assertThatThrownBy(() -> load("listen {\n port = }\n")).hasMessageContaining("proxy.conf:3");
    }

    @Test
    void hidesThePassword() throws Exception {
        assertThat(load(NODES + "cluster.password = hidden").toString()).doesNotContain("hidden");
    }

    /** The sample shows every key with its default: but for the nodes, it changes nothing. */
    @Test
    void theSampleShowsTheDefaults() throws Exception {
        var sample = ConfigLoader.load(Path.of("../conf/proxy.conf"));
        var plain = load(NODES);

        assertThat(sample.listen()).isEqualTo(plain.listen());
        assertThat(sample.pool()).isEqualTo(plain.pool());
        assertThat(sample.routing()).usingRecursiveComparison().isEqualTo(plain.routing());
        assertThat(sample.failover()).isEqualTo(plain.failover());
        assertThat(sample.admin()).isEqualTo(plain.admin());
        assertThat(sample.metrics()).isEqualTo(plain.metrics());
        assertThat(sample.log()).isEqualTo(plain.log());
        assertThat(sample.runtime()).isEqualTo(plain.runtime());
        assertThat(sample.cluster().health()).isEqualTo(plain.cluster().health());
        assertThat(sample.cluster().tls()).isEqualTo(plain.cluster().tls());
        assertThat(sample.auth().timeout()).isEqualTo(plain.auth().timeout());
        org.pgdrover.server.ProxyServer.checkAccessFiles(sample.auth());
    }

    /** Every snippet of configuration in the documents can be loaded. */
    @Test
    void theDocumentsCanBeBelieved() throws Exception {
        for (var document : new String[] {"../README.md", "../docs/configuration.md"}) {
            Matcher snippets = Pattern.compile("```hocon\n(.*?)```", Pattern.DOTALL)
                    .matcher(Files.readString(Path.of(document)).replaceAll("(?m)^ {3}", ""));
            assertThat(snippets.find()).describedAs(document).isTrue();
            do {
                ConfigLoader.load(Files.writeString(directory.resolve("proxy.conf"), snippets.group(1)));
            } while (snippets.find());
        }
    }
}
