package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerLoginMaterial;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ClusterTlsConfig;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.HealthConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TlsNegotiation;
import org.pgdrover.server.Reloadable;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;
import org.pgdrover.testing.Certificates;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.TlsProvider;

/// The proxy's way to a real server that speaks TLS: the traffic, cancel requests and probes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServerTlsTest {
    private static final String HBA = "host all all all scram-sha-256\n";
    private static final String ENCRYPTED = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    @TempDir
    static Path directory = Path.of(".");

    private EmbeddedCluster cluster;
    private SslServer server;
    private Certificates authority;
    private Certificates stranger;
    private Certificates.Pair local;
    private EventLoopGroup loops;

    @BeforeAll
    void start() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        server = new SslServer(cluster.node("pg1"));
        authority = new Certificates(directory, "ca");
        stranger = new Certificates(directory, "stranger");
        local = authority.server("localhost");
        loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    }

    @AfterAll
    void stop() throws Exception {
        cluster.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    private static ClusterTlsConfig mode(TlsMode mode) {
        return new ClusterTlsConfig(mode, TlsNegotiation.POSTGRES, TlsFiles.NONE, "TLSv1.2");
    }

    private static ClusterTlsConfig verifying(TlsMode mode, Path ca) {
        return new ClusterTlsConfig(mode, TlsNegotiation.POSTGRES, new TlsFiles(null, null, ca, null), "TLSv1.2");
    }

    private static ClusterTlsConfig showing(Certificates.Pair pair, Path ca) {
        return new ClusterTlsConfig(
                TlsMode.VERIFY_FULL,
                TlsNegotiation.POSTGRES,
                new TlsFiles(pair.certificate(), pair.key(), ca, null),
                "TLSv1.2");
    }

    private ClusterConfig with(ClusterTlsConfig tls) {
        return with(tls, cluster.node("pg1").port(), null);
    }

    private ClusterConfig with(ClusterTlsConfig tls, int port, @Nullable String tlsName) {
        var usual = cluster.config();
        return new ClusterConfig(
                List.of(new NodeConfig("pg1", new Endpoint("127.0.0.1", port), 1, 100, tlsName)),
                usual.user(),
                usual.password(),
                usual.database(),
                tls,
                HealthConfig.DEFAULT);
    }

    /// Every user's password is its name.
    private static ServerLoginMaterial material() {
        var secrets = new ServerSecrets(
                user -> CompletableFuture.completedFuture(Optional.of(new StoredPassword.Plain(user))));
        return new ServerLoginMaterial(
                secrets, new ScramDerivation(), task -> Thread.ofVirtual().start(task), false);
    }

    /// What a login as the client's user leads to: whether it is encrypted, or why there is none.
    private String traffic(ClusterConfig config, TlsLibrary library) throws Exception {
        return traffic(config, library, cluster.node("pg1"));
    }

    private String traffic(ClusterConfig config, TlsLibrary library, EmbeddedNode node) throws Exception {
        var tls = ServerTls.read(config, TlsProvider.of(library, Runnable::run));
        var outcome = new CompletableFuture<String>();
        new ServerConnector(
                        new Transport(NioSocketChannel::new),
                        () -> tls,
                        new ServerOptions(material(), 10, System::nanoTime))
                .connect(
                        new ServerTarget("pg1", config.nodes().getFirst().endpoint(), "demo", "demo"),
                        loops.next(),
                        connection -> {
                            var pid = connection.cancelKey().processId();
                            outcome.complete(encrypted(node, pid));
                            connection.close(CloseReason.SHUTDOWN);
                        },
                        (refused, error) -> outcome.complete(error.message()),
                        ended -> {});
        try {
            return outcome.get(20, TimeUnit.SECONDS);
        } finally {
            tls.close();
        }
    }

    private static String encrypted(EmbeddedNode node, int pid) {
        try {
            return node.ask("postgres", "SELECT coalesce(version, 'plain') FROM pg_stat_ssl WHERE pid = " + pid);
        } catch (SQLException failure) {
            return String.valueOf(failure.getMessage());
        }
    }

    /// The same for the proxy's own user by JDBC.
    private String probe(ClusterConfig config) throws Exception {
        var tls = ServerTls.read(config, TlsProvider.of(TlsLibrary.AUTO, Runnable::run));
        var connector = new NodeConnector(config, () -> tls);
        try (var connection = connector.connect(Node.of(0, config.nodes().getFirst()), Duration.ofSeconds(10))) {
            return ask(connection, "SELECT coalesce(version, 'plain') FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        } catch (SQLException failure) {
            return failure.getMessage() + " " + Objects.toString(failure.getCause());
        } finally {
            tls.close();
        }
    }

    private void assertBoth(ClusterConfig config, String expected) throws Exception {
        for (var library : List.of(TlsLibrary.BORINGSSL, TlsLibrary.JDK))
            assertThat(traffic(config, library))
                    .describedAs(library + " " + config.tls())
                    .contains(expected);
        assertThat(probe(config)).describedAs("probe " + config.tls()).contains(expected);
    }

    @Test
    void takesEveryModeToAServerThatTakesAll() throws Exception {
        server.certificate(local, null);
        server.rules("host all all 127.0.0.1/32 scram-sha-256");

        assertBoth(with(mode(TlsMode.DISABLE)), "plain");
        assertBoth(with(mode(TlsMode.ALLOW)), "plain");
        assertBoth(with(mode(TlsMode.PREFER)), "TLSv1.3");
        assertBoth(with(mode(TlsMode.REQUIRE)), "TLSv1.3");
        assertBoth(with(verifying(TlsMode.VERIFY_CA, authority.ca())), "TLSv1.3");
        assertBoth(with(verifying(TlsMode.VERIFY_FULL, authority.ca())), "TLSv1.3");
    }

    @Test
    void goesTheOtherWayIfTheRulesOfTheServerWantIt() throws Exception {
        server.certificate(local, null);
        server.rules("hostssl all all 127.0.0.1/32 scram-sha-256");
        assertBoth(with(mode(TlsMode.ALLOW)), "TLSv1.3");
        assertBoth(with(mode(TlsMode.PREFER)), "TLSv1.3");
        assertBoth(with(mode(TlsMode.DISABLE)), "no pg_hba.conf entry");

        server.rules("hostnossl all all 127.0.0.1/32 scram-sha-256");
        assertBoth(with(mode(TlsMode.ALLOW)), "plain");
        assertBoth(with(mode(TlsMode.PREFER)), "plain");
        assertBoth(with(mode(TlsMode.REQUIRE)), "no pg_hba.conf entry");
    }

    @Test
    void saysWhatAServerWithoutTlsLacks() throws Exception {
        server.certificate(local, null);
        server.rules("host all all 127.0.0.1/32 scram-sha-256");
        cluster.node("pg1").sql("postgres", "ALTER SYSTEM SET ssl = off", "SELECT pg_reload_conf()");
        var plain = with(mode(TlsMode.PREFER));
        Proxied.await(() -> trafficIs(plain, "plain"), "a server without TLS");

        assertThat(probe(plain)).isEqualTo("plain");
        assertThat(traffic(with(mode(TlsMode.REQUIRE)), TlsLibrary.AUTO))
                .contains("the server does not offer TLS: set ssl = on");
        assertThat(probe(with(mode(TlsMode.REQUIRE)))).contains("does not support SSL");
    }

    private boolean trafficIs(ClusterConfig config, String expected) {
        try {
            return traffic(config, TlsLibrary.AUTO).equals(expected);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void trustsNoOtherAuthorityAndNoOtherName() throws Exception {
        server.rules("host all all 127.0.0.1/32 scram-sha-256");
        server.certificate(local, null);
        assertBoth(with(verifying(TlsMode.VERIFY_CA, stranger.ca())), "unable to find valid certification path");
        assertBoth(with(verifying(TlsMode.REQUIRE, stranger.ca())), "unable to find valid certification path");

        server.certificate(authority.serverNamed("db.example.com"), null);
        int port = cluster.node("pg1").port();
        var full = verifying(TlsMode.VERIFY_FULL, authority.ca());
        assertBoth(with(verifying(TlsMode.VERIFY_CA, authority.ca())), "TLSv1.3");
        assertBoth(with(full, port, null), "No subject alternative names matching IP address 127.0.0.1");
        assertBoth(with(full, port, "other.example.com"), "No subject alternative DNS name matching other.example.com");
        assertBoth(with(full, port, "db.example.com"), "TLSv1.3");
    }

    @Test
    void trustsNoRevokedCertificate() throws Exception {
        server.rules("host all all 127.0.0.1/32 scram-sha-256");
        server.certificate(local, null);
        var other = authority.server("other");
        var none = new TlsFiles(null, null, authority.ca(), authority.revoke(other));
        var unrevoked = with(new ClusterTlsConfig(TlsMode.VERIFY_CA, TlsNegotiation.POSTGRES, none, "TLSv1.2"));
        assertBoth(unrevoked, "TLSv1.3");
        var crl = new TlsFiles(null, null, authority.ca(), authority.revoke(local));
        assertBoth(with(new ClusterTlsConfig(TlsMode.VERIFY_CA, TlsNegotiation.POSTGRES, crl, "TLSv1.2")), "revoked");
    }

    @Test
    void beginsTlsDirectly() throws Exception {
        server.rules("host all all 127.0.0.1/32 scram-sha-256");
        server.certificate(local, null);
        try (var tap = new Tap(cluster.node("pg1").port())) {
            var direct = new ClusterTlsConfig(
                    TlsMode.VERIFY_FULL,
                    TlsNegotiation.DIRECT,
                    new TlsFiles(null, null, authority.ca(), null),
                    "TLSv1.2");

            assertBoth(with(direct, tap.port(), null), "TLSv1.3");

            assertThat(tap.sent())
                    .hasSize(3)
                    .allSatisfy(bytes -> assertThat(bytes[0]).isEqualTo((byte) 0x16));
        }
    }

    /// PostgreSQL 16 and older know no ALPN, and take a ClientHello for a broken startup packet.
    @Test
    void speaksTlsToAnOlderServerButNotDirectly() throws Exception {
        Assumptions.assumeTrue(Files.isDirectory(Path.of("/usr/lib/postgresql/15/bin")), "needs PostgreSQL 15");
        try (var older = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 15, false))) {
            var node = older.node("pg1");
            var ssl = new SslServer(node);
            ssl.certificate(local, null);
            ssl.rules("hostssl all all 127.0.0.1/32 scram-sha-256");
            var files = new TlsFiles(null, null, authority.ca(), null);
            for (var negotiation : TlsNegotiation.values()) {
                var tls = new ClusterTlsConfig(TlsMode.VERIFY_FULL, negotiation, files, "TLSv1.2");
                var said = traffic(with(tls, node.port(), null), TlsLibrary.AUTO, node);
                if (negotiation == TlsNegotiation.POSTGRES) assertThat(said).isEqualTo("TLSv1.3");
                else assertThat(said).contains("TLS with the server failed");
            }
        }
    }

    @Test
    void showsItsCertificateToAServerThatAsks() throws Exception {
        server.certificate(local, authority.ca());
        server.rules(
                "hostssl all demo 127.0.0.1/32 cert",
                "hostssl all pgdrover 127.0.0.1/32 scram-sha-256 clientcert=verify-full");

        assertThat(traffic(with(showing(authority.client("demo"), authority.ca())), TlsLibrary.BORINGSSL))
                .isEqualTo("TLSv1.3");
        assertThat(traffic(with(showing(authority.client("demo"), authority.ca())), TlsLibrary.JDK))
                .isEqualTo("TLSv1.3");
        assertThat(probe(with(showing(authority.client("pgdrover"), authority.ca()))))
                .isEqualTo("TLSv1.3");
        assertBoth(
                with(verifying(TlsMode.VERIFY_FULL, authority.ca())), "connection requires a valid client certificate");
        assertThat(traffic(with(showing(authority.client("other"), authority.ca())), TlsLibrary.AUTO))
                .contains("certificate authentication failed");
        assertThat(probe(with(showing(authority.client("other"), authority.ca()))))
                .contains("authentication failed");
    }

    private Proxied proxy(ClusterConfig config) throws IOException, InterruptedException {
        return new Proxied(config, PoolMode.TRANSACTION, HBA, each -> each);
    }

    @Test
    void carriesClientsAndProbesOverTls() throws Exception {
        server.certificate(local, null);
        server.rules("hostssl all all 127.0.0.1/32 scram-sha-256");
        try (var proxy = proxy(with(verifying(TlsMode.VERIFY_FULL, authority.ca())));
                var connection = proxy.connect()) {
            assertThat(ask(connection, ENCRYPTED)).isEqualTo("true");
            assertThat(ask(connection, "SELECT repeat('x', 3000000)")).hasSize(3_000_000);
            assertThat(cluster.node("pg1")
                            .ask(
                                    "postgres",
                                    "SELECT bool_and(ssl)::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                                            + " WHERE usename = 'pgdrover'"))
                    .isEqualTo("true");
        }
    }

    /// The key is a password for the statement: it must not be seen on the wire.
    @ParameterizedTest
    @EnumSource(TlsNegotiation.class)
    void cancelsOverTls(TlsNegotiation negotiation) throws Exception {
        server.certificate(local, null);
        server.rules("hostssl all all 127.0.0.1/32 scram-sha-256");
        var tls = new ClusterTlsConfig(
                TlsMode.VERIFY_FULL, negotiation, new TlsFiles(null, null, authority.ca(), null), "TLSv1.2");
        try (var tap = new Tap(cluster.node("pg1").port());
                var proxy = proxy(with(tls, tap.port(), null));
                var connection = proxy.connect();
                var statement = connection.createStatement()) {
            ask(connection, "SELECT 1");
            int before = tap.sent().size();
            var canceller = Thread.ofVirtual().start(() -> cancelOnceItRuns(statement));
            assertThatThrownBy(() -> statement.execute("SELECT pg_sleep(60)"))
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("57014");
            canceller.join();

            assertThat(ask(connection, "SELECT 2")).isEqualTo("2");
            assertThat(tap.sent().size()).isGreaterThan(before);
            // SELECT 2 came before the cancel request's connection was closed, so the pool began another connection.
            Proxied.await(() -> tap.sent().stream().allMatch(each -> each.length > 8), "an answer to each SSLRequest");
            for (var bytes : tap.sent())
                assertThat(new String(bytes, StandardCharsets.ISO_8859_1))
                        .doesNotContain("\u0004\u00d2\u0016\u002e")
                        .startsWith(
                                negotiation == TlsNegotiation.DIRECT
                                        ? "\u0016"
                                        : "\0\0\0\b\u0004\u00d2\u0016\u002f\u0016");
        }
    }

    private void cancelOnceItRuns(java.sql.Statement statement) {
        try {
            Proxied.await(this::sleeps, "a statement that sleeps");
            statement.cancel();
        } catch (SQLException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    private boolean sleeps() {
        try {
            return cluster.node("pg1")
                    .ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                    .equals("1");
        } catch (SQLException failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void readsItsFilesAnew() throws Exception {
        server.certificate(local, null);
        server.rules("hostssl all all 127.0.0.1/32 scram-sha-256");
        var ca = Files.copy(authority.ca(), directory.resolve("known.pem"), StandardCopyOption.REPLACE_EXISTING);
        try (var proxy = proxy(with(verifying(TlsMode.VERIFY_FULL, ca)));
                var session = proxy.connect()) {
            session.setAutoCommit(false);
            ask(session, "SELECT 1");
            Files.writeString(ca, "nothing of use");
            proxy.server().reloadables().forEach(Reloadable::reload);
            try (var other = proxy.connect()) {
                assertThat(ask(other, ENCRYPTED)).isEqualTo("true");
            }

            server.certificate(stranger.server("localhost"), null);
            Files.copy(stranger.ca(), ca, StandardCopyOption.REPLACE_EXISTING);
            proxy.server().reloadables().forEach(Reloadable::reload);
            try (var one = proxy.connect();
                    var two = proxy.connect()) {
                one.setAutoCommit(false);
                two.setAutoCommit(false);
                assertThat(ask(one, ENCRYPTED) + ask(two, ENCRYPTED)).isEqualTo("truetrue");
            }
            assertThat(ask(session, "SELECT 2")).isEqualTo("2");
        }
    }
}
