package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.RuntimeConfig;
import org.pgdrover.config.SniCertificate;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.server.Reloadable;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.testing.Certificates;

/// Real clients that connect with TLS and without, and what openssl finds out of the proxy.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientTlsTest {
    private static final String ANY = "host all all all scram-sha-256\n";

    @TempDir
    static Path directory = Path.of(".");

    private EmbeddedCluster cluster;
    private Certificates authority;
    private Certificates stranger;
    private Certificates.Pair server;

    @BeforeAll
    void start() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        authority = new Certificates(directory, "ca");
        stranger = new Certificates(directory, "stranger");
        server = authority.server("localhost");
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    private static ListenTlsConfig offering(
            TlsMode mode, Certificates.Pair shown, @Nullable Path ca, @Nullable Path crl, SniCertificate... sni) {
        return new ListenTlsConfig(
                mode, new TlsFiles(shown.certificate(), shown.key(), ca, crl), "TLSv1.2", List.of(sni));
    }

    private Proxied proxy(ListenTlsConfig tls, String hba) throws IOException, InterruptedException {
        return proxy(tls, hba, TlsLibrary.AUTO);
    }

    private Proxied proxy(ListenTlsConfig tls, String hba, TlsLibrary library)
            throws IOException, InterruptedException {
        return new Proxied(
                cluster,
                PoolMode.TRANSACTION,
                hba,
                config -> config.with(new ListenConfig("127.0.0.1", 0, null, 128, 1000, tls))
                        .with(new RuntimeConfig(2, config.runtime().transport(), library)));
    }

    /// What psql says of its connection, or why it has none.
    private Command psql(Proxied proxy, String sslmode, Map<String, String> more) throws Exception {
        var environment = new HashMap<String, String>();
        environment.put("PGPASSWORD", "demo");
        environment.put("PGSSLROOTCERT", authority.ca().toString());
        environment.put("PGSSLCERT", directory.resolve("none").toString());
        environment.put("PGSSLKEY", directory.resolve("none").toString());
        environment.put("PGSSLMODE", sslmode);
        environment.put("PGHOST", "localhost");
        environment.put("PGHOSTADDR", "127.0.0.1");
        environment.put("PGPORT", Integer.toString(proxy.port()));
        environment.put("PGUSER", "demo");
        environment.put("PGDATABASE", "demo");
        environment.putAll(more);
        return Command.run(environment, "", List.of("psql", "-X", "-At", "-c", "\\conninfo", "-c", "SELECT 6 * 7"));
    }

    private void assertPsql(Proxied proxy, String sslmode, Map<String, String> more, boolean encrypted)
            throws Exception {
        var ran = psql(proxy, sslmode, more);
        assertThat(ran.status()).describedAs(sslmode + ": " + ran.said()).isZero();
        assertThat(ran.said()).contains("42");
        assertThat(ran.said().contains("SSL connection (protocol: TLSv1.3"))
                .describedAs(sslmode + ": " + ran.said())
                .isEqualTo(encrypted);
    }

    private void assertPsqlRefused(Proxied proxy, String sslmode, Map<String, String> more, String why)
            throws Exception {
        var ran = psql(proxy, sslmode, more);
        assertThat(ran.status()).describedAs(ran.said()).isEqualTo(2);
        assertThat(ran.said()).describedAs(sslmode).contains(why);
    }

    private static Map<String, String> showing(Certificates.Pair pair) {
        return Map.of(
                "PGSSLCERT",
                pair.certificate().toString(),
                "PGSSLKEY",
                pair.key().toString());
    }

    @Test
    void psqlConnectsInEverySslmode() throws Exception {
        try (var proxy = proxy(offering(TlsMode.PREFER, server, null, null), ANY)) {
            assertPsql(proxy, "disable", Map.of(), false);
            assertPsql(proxy, "allow", Map.of(), false);
            for (var mode : List.of("prefer", "require", "verify-ca", "verify-full"))
                assertPsql(proxy, mode, Map.of(), true);
            assertPsqlRefused(proxy, "verify-full", Map.of("PGHOST", "elsewhere"), "does not match host name");
            assertPsqlRefused(
                    proxy, "verify-ca", Map.of("PGSSLROOTCERT", stranger.ca().toString()), "certificate verify failed");
        }
    }

    @Test
    void psqlIsToldThatThereIsNoTls() throws Exception {
        for (var tls : List.of(ListenTlsConfig.DEFAULT, offering(TlsMode.DISABLE, server, null, null)))
            try (var proxy = proxy(tls, ANY)) {
                for (var mode : List.of("disable", "allow", "prefer")) assertPsql(proxy, mode, Map.of(), false);
                for (var mode : List.of("require", "verify-ca", "verify-full"))
                    assertPsqlRefused(proxy, mode, Map.of(), "server does not support SSL");
            }
    }

    @Test
    void psqlFallsBackAsTheRulesWantIt() throws Exception {
        try (var proxy = proxy(offering(TlsMode.REQUIRE, server, null, null), ANY)) {
            assertPsqlRefused(proxy, "disable", Map.of(), "encrypted connections only");
            for (var mode : List.of("allow", "prefer", "require")) assertPsql(proxy, mode, Map.of(), true);
        }
        try (var proxy = proxy(offering(TlsMode.PREFER, server, null, null), "hostnossl all all all scram-sha-256\n")) {
            for (var mode : List.of("disable", "allow", "prefer")) assertPsql(proxy, mode, Map.of(), false);
            assertPsqlRefused(proxy, "require", Map.of(), "SSL encryption");
        }
    }

    @Test
    void psqlShowsItsCertificate() throws Exception {
        var mine = authority.client("demo");
        var revoked = authority.client("revoked");
        var crl = authority.revoke(revoked);
        try (var proxy = proxy(offering(TlsMode.VERIFY_CA, server, authority.ca(), crl), ANY)) {
            assertPsql(proxy, "verify-full", showing(mine), true);
            assertPsqlRefused(proxy, "verify-full", Map.of(), "connection requires a valid client certificate");
            assertPsqlRefused(proxy, "disable", Map.of(), "encrypted connections only");
            assertPsqlRefused(proxy, "require", showing(stranger.client("demo")), "alert");
            assertPsqlRefused(proxy, "require", showing(authority.expiredClient("demo")), "alert");
            assertPsqlRefused(proxy, "require", showing(revoked), "alert");
        }
        try (var proxy = proxy(offering(TlsMode.PREFER, server, authority.ca(), null), ANY)) {
            assertPsql(proxy, "prefer", showing(mine), true);
            assertPsql(proxy, "prefer", Map.of(), true);
            assertPsql(proxy, "disable", Map.of(), false);
            assertPsqlRefused(proxy, "require", showing(stranger.client("demo")), "alert");
        }
    }

    @Test
    void psqlShowsACertificateOfItsUser() throws Exception {
        try (var proxy = proxy(offering(TlsMode.VERIFY_FULL, server, authority.ca(), null), ANY)) {
            assertPsql(proxy, "verify-full", showing(authority.client("demo")), true);
            assertPsqlRefused(proxy, "require", showing(authority.client("postgres")), "FATAL");
            assertPsqlRefused(proxy, "require", Map.of(), "connection requires a valid client certificate");
        }
    }

    private String[] jdbc(String sslmode, String... more) {
        var options = new ArrayList<>(List.of("sslmode=" + sslmode, "sslrootcert=" + authority.ca()));
        options.addAll(List.of(more));
        return options.toArray(String[]::new);
    }

    private static String[] showing(Certificates.Pair pair, String sslmode, Path ca) {
        return new String[] {
            "sslmode=" + sslmode,
            "sslrootcert=" + ca,
            "sslcert=" + pair.certificate(),
            "sslkey=" + pair.key(),
            "pemKeyAlgorithm=EC"
        };
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void pgjdbcConnectsInEverySslmode(TlsLibrary library) throws Exception {
        var encryptedOnly = "hostssl all all all scram-sha-256\n";
        try (var proxy = proxy(offering(TlsMode.PREFER, server, null, null), encryptedOnly, library)) {
            for (var mode : List.of("allow", "prefer", "require", "verify-ca", "verify-full"))
                for (var negotiation : List.of("postgres", "direct")) {
                    if (negotiation.equals("direct") && (mode.equals("allow") || mode.equals("prefer"))) continue;
                    try (var connection = proxy.connect(jdbc(mode, "sslNegotiation=" + negotiation))) {
                        assertThat(ask(connection, "SELECT repeat('x', 1000000)"))
                                .hasSize(1_000_000);
                    }
                }
            assertThatThrownBy(() -> proxy.connect(jdbc("disable")).close())
                    .hasMessageContaining("no encryption")
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("28000");
            assertThatThrownBy(() -> proxy.connect("sslmode=verify-ca", "sslrootcert=" + stranger.ca())
                            .close())
                    .hasMessageContaining("SSL error");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void pgjdbcShowsItsCertificate(TlsLibrary library) throws Exception {
        var mine = authority.client("demo");
        try (var proxy = proxy(offering(TlsMode.VERIFY_CA, server, authority.ca(), null), ANY, library)) {
            for (var negotiation : List.of("postgres", "direct")) {
                var options = new ArrayList<>(List.of(showing(mine, "verify-full", authority.ca())));
                options.add("sslNegotiation=" + negotiation);
                try (var connection = proxy.connect(options.toArray(String[]::new))) {
                    assertThat(ask(connection, "SELECT 1")).isEqualTo("1");
                }
            }
            assertThatThrownBy(() -> proxy.connect(jdbc("require")).close())
                    .hasMessageContaining("connection requires a valid client certificate");
        }
    }

    private List<String> openssl(Proxied proxy, String... more) {
        var words = new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + proxy.port()));
        words.addAll(List.of("-CAfile", authority.ca().toString()));
        words.addAll(List.of(more));
        return words;
    }

    private Command handshake(Proxied proxy, String... more) throws Exception {
        return Command.run(Map.of(), "", openssl(proxy, more));
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void opensslFindsNothingOldOrWeak(TlsLibrary library) throws Exception {
        try (var proxy = proxy(offering(TlsMode.PREFER, server, null, null), ANY, library)) {
            assertThat(handshake(proxy, "-starttls", "postgres", "-tls1_3").said())
                    .contains("TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384", "Verify return code: 0 (ok)");
            assertThat(handshake(proxy, "-starttls", "postgres", "-tls1_2").said())
                    .contains("TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384");
            for (var version : List.of("-tls1", "-tls1_1"))
                assertThat(handshake(proxy, "-starttls", "postgres", version, "-cipher", "ALL:@SECLEVEL=0")
                                .said())
                        .contains("Cipher is (NONE)");
            for (var cipher : List.of("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"))
                assertThat(handshake(proxy, "-starttls", "postgres", "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
                                .said())
                        .describedAs(cipher)
                        .contains("Cipher is (NONE)");
            assertThat(Command.talk(openssl(proxy, "-starttls", "postgres", "-tls1_2"), "Extended master secret", "R")
                            .said())
                    .containsPattern("RENEGOTIATING[\\s\\S]*(error|alert|closed)");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void opensslAgreesOnTheProtocolByAlpn(TlsLibrary library) throws Exception {
        try (var proxy = proxy(offering(TlsMode.PREFER, server, null, null), ANY, library)) {
            for (var version : List.of("-tls1_2", "-tls1_3")) {
                assertThat(handshake(proxy, version, "-alpn", "postgresql").said())
                        .contains("ALPN protocol: postgresql");
                assertThat(handshake(proxy, version, "-alpn", "http/1.1,postgresql")
                                .said())
                        .contains("ALPN protocol: postgresql");
                assertThat(handshake(proxy, version, "-starttls", "postgres", "-alpn", "postgresql")
                                .said())
                        .contains("ALPN protocol: postgresql");
                assertThat(handshake(proxy, version, "-starttls", "postgres").said())
                        .contains("No ALPN negotiated");
                for (var other : List.of(new String[] {version}, new String[] {version, "-alpn", "http/1.1"}))
                    assertThat(Command.talk(openssl(proxy, other)).said())
                            .contains("received direct SSL connection request without ALPN");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsLibrary.class,
            names = {"BORINGSSL", "JDK"})
    void opensslResumesSessions(TlsLibrary library) throws Exception {
        var certificate =
                Files.copy(server.certificate(), directory.resolve("session.pem"), StandardCopyOption.REPLACE_EXISTING);
        var key = Files.copy(server.key(), directory.resolve("session.key"), StandardCopyOption.REPLACE_EXISTING);
        var pair = new Certificates.Pair(certificate, key, server.bundle());
        try (var proxy = proxy(offering(TlsMode.PREFER, pair, null, null), ANY, library)) {
            for (var version : List.of("-tls1_2", "-tls1_3")) {
                var file = directory.resolve("session" + version).toString();
                // BoringSSL sends a ticket together with the first answer, so there must be one: here it is a refusal.
                var first = Command.talk(
                        openssl(proxy, "-starttls", "postgres", version, "-sess_out", file),
                        "Verify return code",
                        "no startup message");
                assertThat(first.said()).contains("New, TLSv1");
                for (int i = 0; i < 2; i++)
                    assertThat(handshake(proxy, "-starttls", "postgres", version, "-sess_in", file)
                                    .said())
                            .describedAs(version)
                            .contains("Reused, TLSv1");

                proxy.server().reloadables().forEach(Reloadable::reload);

                assertThat(handshake(proxy, "-starttls", "postgres", version, "-sess_in", file)
                                .said())
                        .describedAs("a session from before the reload")
                        .contains("New, TLSv1");
            }
        }
    }

    @Test
    void opensslIsShownTheCertificateOfTheNameThatItAsksFor() throws Exception {
        var other = authority.server("db.example.com");
        var any = authority.server("any.example.org");
        try (var proxy = proxy(
                offering(
                        TlsMode.PREFER,
                        server,
                        null,
                        null,
                        new SniCertificate("db.example.com", other.certificate(), other.key()),
                        new SniCertificate("*.example.org", any.certificate(), any.key())),
                ANY)) {
            for (var asked : Map.of(
                            "db.example.com", "db.example.com",
                            "a.example.org", "any.example.org",
                            "a.b.example.org", "localhost",
                            "elsewhere", "localhost")
                    .entrySet())
                assertThat(handshake(proxy, "-starttls", "postgres", "-servername", asked.getKey())
                                .said())
                        .contains("subject=CN = " + asked.getValue());
            assertThat(handshake(proxy, "-starttls", "postgres", "-noservername")
                            .said())
                    .contains("subject=CN = localhost");
            assertPsql(proxy, "verify-full", Map.of("PGHOST", "db.example.com"), true);
        }
    }

    @Test
    void readsCertificatesAnewWithoutDisturbingASession() throws Exception {
        var certificate = directory.resolve("reloaded.pem");
        var key = directory.resolve("reloaded.key");
        install(server, certificate, key);
        var pair = new Certificates.Pair(certificate, key, server.bundle());
        try (var proxy = proxy(offering(TlsMode.REQUIRE, pair, null, null), ANY);
                var session = proxy.connect(jdbc("verify-full"))) {
            var other = stranger.server("localhost");
            install(other, certificate, key);
            proxy.server().reloadables().forEach(Reloadable::reload);

            assertThat(ask(session, "SELECT 1")).isEqualTo("1");
            assertThatThrownBy(() -> proxy.connect(jdbc("verify-full")).close()).hasMessageContaining("SSL error");
            var options = new String[] {"sslmode=verify-full", "sslrootcert=" + stranger.ca()};
            proxy.connect(options).close();

            Files.writeString(certificate, "half a certific");
            proxy.server().reloadables().forEach(Reloadable::reload);
            proxy.connect(options).close();
            install(new Certificates.Pair(server.certificate(), other.key(), server.bundle()), certificate, key);
            proxy.server().reloadables().forEach(Reloadable::reload);
            proxy.connect(options).close();

            install(server, certificate, key);
            proxy.server().reloadables().forEach(Reloadable::reload);
            proxy.connect(jdbc("verify-full")).close();
            assertThat(ask(session, "SELECT 2")).isEqualTo("2");
        }
    }

    private static void install(Certificates.Pair pair, Path certificate, Path key) throws IOException {
        Files.copy(pair.certificate(), certificate, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(pair.key(), key, StandardCopyOption.REPLACE_EXISTING);
    }
}
