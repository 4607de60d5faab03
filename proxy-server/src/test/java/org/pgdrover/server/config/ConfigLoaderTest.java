package org.pgdrover.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.AdminConfig;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ClusterTlsConfig;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.FailoverMode;
import org.pgdrover.config.HealthConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
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
import org.pgdrover.config.SniCertificate;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TlsNegotiation;
import org.pgdrover.config.TransportKind;

class ConfigLoaderTest {
    private static final String NODES = "cluster.nodes = [ { host = a } ]\n";
    private static final String PAIR = "cert-file = cert.pem, key-file = key.pem";

    @TempDir
    Path directory = Path.of(".");

    @BeforeEach
    void files() throws IOException {
        for (var name : new String[] {"pool_hba.conf", "users.txt", "cert.pem", "key.pem", "ca.pem", "crl.pem"})
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
        assertThat(config.cluster().tls()).isEqualTo(ClusterTlsConfig.DEFAULT);
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
                  tls { mode = verify-ca, cert-file = cert.pem, key-file = key.pem, ca-file = ca.pem, crl-file = crl.pem
                    min-version = "TLSv1.3"
                    sni = [ { host = "*.example.com", cert-file = cert.pem, key-file = key.pem } ] } }
                auth { hba-file = pool_hba.conf, user-list = users.txt, ident-file = users.txt, timeout = 4s
                  scram-iterations = 25, clear-text-to-servers = on
                  limits { max-logins = 26, max-clients-per-address = 27, failure-delay = 28ms, max-failure-delay = 29s }
                  query { enabled = on, user = qu, password = qp, database = qd, sql = "SELECT p($1)", cache = 30s }
                  oauth { audience = [us], identity-claim = name, ca-file = ca.pem }, ldap { ca-file = ca.pem } }
                cluster {
                  nodes = [ { name = n1, host = h1, port = 5, weight = 6, priority = 7, tls-name = cn }, { name = n2, host = h2 } ]
                  user = u, password = p, database = d
                  tls { mode = verify-full, negotiation = direct, cert-file = cert.pem, key-file = key.pem, ca-file = ca.pem
                    crl-file = crl.pem, min-version = "TLSv1.3" }
                  health { interval = 8s, timeout = 9s, failures = 10 } }
                pool { mode = session, size = 11, min-size = 2, max-per-node = 12, wait-timeout = 13s, idle-timeout = 14s
                  lifetime = 15s, statement-cache = 16
                  databases { db { size = 17 } }, users { me { mode = transaction } } }
                routing { load-balance = off, primary-reads = weighted, consistency = global, max-lag = 18s
                  read-functions = [a], write-functions = [b.c], primary-patterns = ["x+"] }
                failover { mode = manual, hold-timeout = 19s, hold-max-clients = 20, max-data-loss = 21 KiB
                  report-canceled-waits = off }
                admin { database = adm, users = [x], stats-users = [y] }
                metrics { host = "::", port = 22 }
                log { level = debug, statements = on, slow-statement = 23ms, literals = on }
                runtime { event-loops = 24, transport = io_uring, tls-library = jdk }
                """);

        var at = directory.toAbsolutePath();
        assertThat(config.listen())
                .isEqualTo(new ListenConfig(
                        "::1",
                        1,
                        at.resolve("."),
                        2,
                        3,
                        new ListenTlsConfig(
                                TlsMode.VERIFY_CA,
                                new TlsFiles(
                                        at.resolve("cert.pem"),
                                        at.resolve("key.pem"),
                                        at.resolve("ca.pem"),
                                        at.resolve("crl.pem")),
                                "TLSv1.3",
                                List.of(new SniCertificate(
                                        "*.example.com", at.resolve("cert.pem"), at.resolve("key.pem"))))));
        assertThat(config.auth())
                .isEqualTo(new AuthConfig(
                        at.resolve("pool_hba.conf"),
                        at.resolve("users.txt"),
                        at.resolve("users.txt"),
                        Duration.ofSeconds(4),
                        25,
                        true,
                        new AuthConfig.LoginLimits(26, 27, Duration.ofMillis(28), Duration.ofSeconds(29)),
                        new AuthConfig.Query(true, "qu", "qp", "qd", "SELECT p($1)", Duration.ofSeconds(30)),
                        new AuthConfig.OAuth(List.of("us"), "name", at.resolve("ca.pem")),
                        at.resolve("ca.pem")));
        assertThat(config.cluster().nodes())
                .containsExactly(
                        new NodeConfig("n1", new Endpoint("h1", 5), 6, 7, "cn"),
                        new NodeConfig("n2", new Endpoint("h2", 5432), 1, 100));
        assertThat(config.cluster().user()).isEqualTo("u");
        assertThat(config.cluster().password()).isEqualTo("p");
        assertThat(config.cluster().database()).isEqualTo("d");
        assertThat(config.cluster().tls())
                .isEqualTo(new ClusterTlsConfig(
                        TlsMode.VERIFY_FULL,
                        TlsNegotiation.DIRECT,
                        new TlsFiles(
                                at.resolve("cert.pem"),
                                at.resolve("key.pem"),
                                at.resolve("ca.pem"),
                                at.resolve("crl.pem")),
                        "TLSv1.3"));
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
                .isEqualTo(new FailoverConfig(FailoverMode.MANUAL, Duration.ofSeconds(19), 20, 21 * 1024, false));
        assertThat(config.admin().database()).isEqualTo("adm");
        assertThat(config.admin().users()).containsExactly("x");
        assertThat(config.admin().statsUsers()).containsExactly("y");
        assertThat(config.metrics()).isEqualTo(new MetricsConfig("::", 22));
        assertThat(config.log()).isEqualTo(new LogConfig("debug", true, Duration.ofMillis(23), true));
        assertThat(config.runtime()).isEqualTo(new RuntimeConfig(24, TransportKind.IO_URING, TlsLibrary.JDK));
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
        assertProblem("failover.lease.etcd = [\"http://x\"]", "failover.lease.etcd");
    }

    @Test
    void refusesContradictions() {
        assertProblem(
                "pool { size = 2, min-size = 3 }", "pgdrover.pool.min-size: 3 (expected: at most size, which is 2)");
        assertProblem("auth.hba-file = absent.conf", "absent.conf cannot be read");
        assertProblem("auth.ident-file = absent.conf", "absent.conf cannot be read");
        assertProblem("auth.query.sql = \"SELECT 1\"", "pgdrover.auth.query.sql: the user's name must be in it");
        assertProblem("auth.query.password = x", "pgdrover.auth.query.password: there is no user");
        assertProblem(
                "auth.limits { failure-delay = 2s, max-failure-delay = 1s }",
                "pgdrover.auth.limits.max-failure-delay: 1000ms (expected: at least failure-delay");
        assertProblem("cluster.nodes = [ { host = a }, { host = a, name = b } ]", "a:5432 is listed twice");
        assertProblem("cluster.nodes = [ { host = a }, { host = b, name = pg1 } ]", "\"pg1\" is used twice");
        assertProblem("cluster.nodes = []", "at least one node");
        assertProblem("listen.unix-socket-dir = absent", "absent is not a directory");
        assertProblem("pool = 3", "a section in braces");
    }

    @Test
    void refusesContradictionsAboutTlsWithClients() {
        assertProblem("listen.tls.mode = require", "listen.tls.mode: require needs a certificate");
        assertProblem("listen.tls.mode = verify-full", "listen.tls.mode: verify-full needs the authorities");
        assertProblem("listen.tls.cert-file = cert.pem", "key-file: missing (expected: cert-file and key-file");
        assertProblem("listen.tls.key-file = key.pem", "cert-file: missing (expected: cert-file and key-file");
        assertProblem("listen.tls.ca-file = ca.pem", "ca-file: checking certificates of clients needs a certificate");
        assertProblem("listen.tls { " + PAIR + ", crl-file = crl.pem }", "crl-file: is of use only with ca-file");
        assertProblem("listen.tls.ca-file = absent.pem", "absent.pem cannot be read");
        assertProblem("listen.tls.min-version = \"TLSv1.1\"", "\"TLSv1.1\" (expected: TLSv1.2 or TLSv1.3)");
    }

    @Test
    void refusesContradictionsAboutSniCertificates() {
        assertProblem("listen.tls.sni = [ { host = a, " + PAIR + " } ]", "sni: is for some names");
        assertSniProblem("{ " + PAIR + " }", "sni[0].host: missing");
        assertSniProblem("{ host = a }", "sni[0].cert-file: missing");
        assertSniProblem("{ host = a, key-file = key.pem }", "sni[0].cert-file: missing");
        assertSniProblem(
                "{ host = a.B, " + PAIR + " }, { host = A.b, " + PAIR + " }", "sni[1].host: \"A.b\" is listed twice");
        for (var host : List.of("10.0.0.1", "*", "*.com", "a.*.com", "*a.b.com", "a..b", "-a", "::1"))
            assertSniProblem(
                    "{ host = \"" + host + "\", " + PAIR + " }",
                    "sni[0].host: \"" + host + "\" (expected: a host name");
    }

    private void assertSniProblem(String entries, String part) {
        assertProblem("listen.tls { " + PAIR + ", sni = [ " + entries + " ] }", part);
    }

    @Test
    void refusesContradictionsAboutTlsWithTheNodes() {
        assertProblem("cluster.tls.mode = verify-ca", "cluster.tls.mode: verify-ca needs the authorities");
        assertProblem("cluster.tls.key-file = key.pem", "cluster.tls.cert-file: missing");
        assertProblem("cluster.tls { mode = require, crl-file = crl.pem }", "cluster.tls.crl-file: is of use only");
        assertProblem("cluster.tls.negotiation = direct", "cluster.tls.negotiation: direct leaves no way back");
        assertProblem("cluster.tls.ca-file = ca.pem", "cluster.tls.ca-file: with mode = prefer");
        assertProblem(
                "cluster { nodes = [ { host = a, tls-name = b } ], tls { mode = verify-ca, ca-file = ca.pem } }",
                "cluster.nodes[0].tls-name: is compared");
    }

    @Test
    void reportsASyntaxErrorWithItsLine() {
        assertThatThrownBy(() -> load("listen {\n port = }\n")).hasMessageContaining("proxy.conf:3");
    }

    @Test
    void hidesThePassword() throws Exception {
        assertThat(load(NODES + "cluster.password = hidden").toString()).doesNotContain("hidden");
    }

    /// The sample shows every key with its default: but for the nodes, it changes nothing.
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
        assertThat(sample.auth())
                .usingRecursiveComparison()
                .ignoringFields("hbaFile", "userList")
                .isEqualTo(plain.auth());
        assertThat(org.pgdrover.server.ProxyServer.readAccessFiles(sample).rules())
                .isNotEmpty();
    }

    /// Every snippet of configuration in the documents can be loaded.
    @Test
    void theDocumentsCanBeBelieved() throws Exception {
        for (var document : new String[] {"../README.md", "../docs/configuration.md", "../docs/tls.md"}) {
            Matcher snippets = Pattern.compile("```hocon\n(.*?)```", Pattern.DOTALL)
                    .matcher(Files.readString(Path.of(document)).replaceAll("(?m)^ {3}", ""));
            assertThat(snippets.find()).describedAs(document).isTrue();
            do {
                ConfigLoader.load(Files.writeString(directory.resolve("proxy.conf"), snippets.group(1)));
            } while (snippets.find());
        }
    }
}
