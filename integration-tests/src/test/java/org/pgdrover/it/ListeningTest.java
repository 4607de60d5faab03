package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import io.netty.pkitesting.CertificateBuilder;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsMode;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// How clients reach the proxy, and what they are told when they may not stay.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ListeningTest {
    private static final String TRUST = "local all all trust\nhost all all all trust\n";

    @TempDir
    Path directory = Path.of(".");

    private EmbeddedCluster cluster;

    @BeforeAll
    void start() throws Exception {
        cluster = EmbeddedCluster.start(EmbeddedCluster.Options.DEFAULT);
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    private static PoolConfig pooling(PoolSettings settings) {
        return new PoolConfig(settings, 0, PoolConfig.DEFAULT.databases(), PoolConfig.DEFAULT.users(), 100);
    }

    private ListenTlsConfig certificate(TlsMode mode) throws Exception {
        var bundle = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        return new ListenTlsConfig(
                mode,
                new TlsFiles(
                        Files.writeString(directory.resolve("cert.pem"), bundle.getCertificatePEM()),
                        Files.writeString(directory.resolve("key.pem"), bundle.getPrivateKeyPEM()),
                        null,
                        null),
                "TLSv1.2",
                List.of());
    }

    private Proxied proxy(ListenTlsConfig tls, String hba) throws IOException, InterruptedException {
        return new Proxied(
                cluster,
                PoolMode.TRANSACTION,
                hba,
                config -> config.with(new ListenConfig("127.0.0.1", 0, null, 128, 1000, tls)));
    }

    @Test
    void encryptsForThoseWhoAsk() throws Exception {
        try (var proxy = proxy(certificate(TlsMode.PREFER), "hostssl all all all scram-sha-256\n");
                var connection = proxy.connect("sslmode=require")) {
            assertThat(ask(connection, "SELECT 1")).isEqualTo("1");
            assertThatThrownBy(() -> proxy.connect("sslmode=disable").close())
                    .hasMessageContaining("no pool_hba.conf entry")
                    .hasMessageContaining("no encryption");
        }
    }

    @Test
    void takesNobodyInPlainTextIfTlsIsRequired() throws Exception {
        try (var proxy = proxy(certificate(TlsMode.REQUIRE), "host all all all scram-sha-256\n");
                var connection = proxy.connect("sslmode=require")) {
            assertThat(ask(connection, "SELECT repeat('x', 1000000)")).hasSize(1_000_000);
            assertThatThrownBy(() -> proxy.connect("sslmode=disable").close())
                    .hasMessageContaining("encrypted connections only");
        }
    }

    @Test
    void saysThatItOffersNoTlsWithoutACertificate() throws Exception {
        try (var proxy = proxy(ListenTlsConfig.DEFAULT, TRUST)) {
            assertThatThrownBy(() -> proxy.connect("sslmode=require").close())
                    .hasMessageContaining("does not support SSL");
        }
    }

    @Test
    void servesClientsOnAUnixSocketByTheirOwnRules() throws Exception {
        var sockets = Files.createTempDirectory("pgd");
        try (var proxy = new Proxied(
                cluster,
                PoolMode.TRANSACTION,
                "local all demo trust\n",
                config -> config.with(new ListenConfig("127.0.0.1", 0, sockets, 128, 1000, ListenTlsConfig.DEFAULT)))) {
            var path = sockets.resolve(".s.PGSQL." + proxy.port());
            try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(path));
                channel.write(ByteBuffer.wrap(startup("demo", "demo", 3 << 16)));
                assertThat(readTypes(channel))
                        .startsWith("R")
                        .contains("S", "K")
                        .endsWith("Z");
            }
            assertThatThrownBy(() -> proxy.connect().close()).hasMessageContaining("no pool_hba.conf entry");
            assertThat(Files.exists(path)).isTrue();
        }
        assertThat(Files.list(sockets)).isEmpty();
        Files.delete(sockets);
    }

    private static byte[] startup(String user, String database, int version) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeInt(version);
        for (var text : new String[] {"user", user, "database", database}) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.write(0);
        }
        out.write(0);
        var packet =
                ByteBuffer.allocate(bytes.size() + 4).putInt(bytes.size() + 4).put(bytes.toByteArray());
        return packet.array();
    }

    private static String readTypes(SocketChannel channel) throws IOException {
        var types = new StringBuilder();
        var header = ByteBuffer.allocate(5);
        while (types.isEmpty() || types.charAt(types.length() - 1) != 'Z') {
            header.clear();
            while (header.hasRemaining()) if (channel.read(header) < 0) return types.toString();
            types.append((char) header.get(0));
            var body = ByteBuffer.allocate(header.getInt(1) - 4);
            while (body.hasRemaining()) if (channel.read(body) < 0) return types.toString();
        }
        return types.toString();
    }

    /// Protocol 3.9 is answered with what we speak, and the session goes on.
    @Test
    void negotiatesTheProtocolVersion() throws Exception {
        try (var proxy = proxy(ListenTlsConfig.DEFAULT, TRUST);
                var socket = new Socket("127.0.0.1", proxy.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(startup("demo", "demo", 3 << 16 | 9));
            var in = new DataInputStream(socket.getInputStream());
            assertThat((char) in.readByte()).isEqualTo('v');
            assertThat(in.readInt()).isEqualTo(12);
            assertThat(in.readInt()).isEqualTo(3 << 16 | 2);
            assertThat(in.readInt()).isZero();
            assertThat((char) in.readByte()).isEqualTo('R');
        }
    }

    @Test
    void endsAClientThatBreaksTheProtocolAndNobodyElse() throws Exception {
        try (var proxy = proxy(ListenTlsConfig.DEFAULT, TRUST);
                var other = proxy.connect()) {
            for (var bytes : List.of(
                    new byte[] {0, 0, 0, 3, 0, 0},
                    new byte[] {0x7F, 0, 0, 0, 0, 3, 0, 0},
                    "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
                assertThat(answer(proxy, bytes)).isEmpty();
            assertThat(answer(proxy, new byte[] {0, 0, 0, 8, 0, 2, 0, 0}))
                    .startsWith("E")
                    .contains("FATAL", "0A000");
            assertThat(ask(other, "SELECT 1")).isEqualTo("1");
        }
    }

    private static String answer(Proxied proxy, byte[] bytes) throws IOException {
        try (var socket = new Socket("127.0.0.1", proxy.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(bytes);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void refusesOneClientTooMany() throws Exception {
        try (var proxy = new Proxied(
                        cluster,
                        PoolMode.TRANSACTION,
                        TRUST,
                        config ->
                                config.with(new ListenConfig("127.0.0.1", 0, null, 128, 2, ListenTlsConfig.DEFAULT)));
                var one = proxy.connect();
                var two = proxy.connect()) {
            assertThatThrownBy(() -> proxy.connect().close())
                    .hasMessageContaining("too many clients")
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("53300");
            assertThat(ask(one, "SELECT 1") + ask(two, "SELECT 2")).isEqualTo("12");
        }
    }

    @Test
    void namesTheLimitThatAClientWaitedAt() throws Exception {
        var settings = new PoolSettings(
                PoolMode.TRANSACTION, 1, 0, Duration.ofMillis(300), Duration.ofMinutes(1), Duration.ofHours(1));
        try (var proxy = new Proxied(cluster, PoolMode.TRANSACTION, TRUST, config -> config.with(pooling(settings)));
                var holder = proxy.connect();
                var waiter = proxy.connect()) {
            holder.setAutoCommit(false);
            ask(holder, "UPDATE account SET balance = 0 WHERE id = 9 RETURNING 1");
            assertThatThrownBy(() -> ask(waiter, "UPDATE account SET balance = 0 WHERE id = 8 RETURNING 1"))
                    .hasMessageContaining("pool.size")
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("53300");
            holder.rollback();
            assertThat(ask(waiter, "UPDATE account SET balance = 0 WHERE id = 8 RETURNING 1"))
                    .isEqualTo("1");
        }
    }

    @Test
    void keepsPatternsOnThePrimary() throws Exception {
        var usual = RoutingConfig.DEFAULT;
        var patterns = new RoutingConfig(
                true,
                usual.primaryReads(),
                usual.consistency(),
                usual.maxLag(),
                List.of(),
                List.of(),
                List.of(Pattern.compile("(?i)/\\* primary \\*/")));
        try (var proxy = new Proxied(cluster, PoolMode.TRANSACTION, TRUST, config -> config.with(patterns));
                var connection = proxy.connect("preferQueryMode=simple")) {
            Proxied.await(
                    () -> {
                        try {
                            ask(connection, "SELECT 1 AS free");
                            return !proxy.last("AS free").node().equals("pg1");
                        } catch (SQLException | InterruptedException failure) {
                            throw new AssertionError(failure);
                        }
                    },
                    "a read on a standby");
            ask(connection, "SELECT 1 /* PRIMARY */ AS bound");
            assertThat(proxy.last("AS bound").node()).isEqualTo("pg1");
            assertThat(proxy.last("AS bound").reason()).isEqualTo("matches routing.primary-patterns");
        }
    }

    @Test
    void namesATakenAddress() throws Exception {
        try (var first = proxy(ListenTlsConfig.DEFAULT, TRUST)) {
            assertThatThrownBy(() -> new Proxied(
                                    cluster,
                                    PoolMode.TRANSACTION,
                                    TRUST,
                                    config -> config.with(new ListenConfig(
                                            "127.0.0.1", first.port(), null, 128, 10, ListenTlsConfig.DEFAULT)))
                            .close())
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("127.0.0.1:" + first.port());
        }
    }
}
