package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.AuthConfig.LoginLimits;
import org.pgdrover.config.AuthConfig.OAuth;
import org.pgdrover.config.AuthConfig.Query;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// The methods that no driver here speaks, by their bytes: peer on a Unix-domain socket, and bearer
/// tokens of an issuer of our own.
class OtherMethodsTest {
    @TempDir
    static Path directory = Path.of(".");

    private static EmbeddedCluster cluster;
    private static Proxied proxy;
    private static HttpServer issuer;
    private static String issuerUrl = "";
    private static RSAKey key;

    @BeforeAll
    static void start() throws Exception {
        key = new RSAKeyGenerator(2048).keyID("k").generate();
        issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        issuerUrl = "http://localhost:" + issuer.getAddress().getPort();
        publish(
                "/.well-known/openid-configuration",
                "{\"issuer\":\"" + issuerUrl + "\",\"jwks_uri\":\"" + issuerUrl + "/keys\"}");
        publish("/keys", new JWKSet(key.toPublicJWK()).toString());
        issuer.start();
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        var me = System.getProperty("user.name");
        var hba = Files.writeString(directory.resolve("pool_hba.conf"), """
                local all  demo     peer map=system
                local all  postgres peer map=other
                host  demo all all  oauth issuer="%s" scope="db" map=people
                """.formatted(issuerUrl));
        var ident = Files.writeString(directory.resolve("pg_ident.conf"), """
                system "%s" demo
                other  nobody-else postgres
                people "/^(.*)@example\\.org$" "\\1"
                """.formatted(me));
        var users = Files.writeString(directory.resolve("users.txt"), "\"demo\" \"demo\"\n\"postgres\" \"postgres\"\n");
        var auth = new AuthConfig(
                hba,
                users,
                ident,
                Duration.ofSeconds(10),
                4096,
                false,
                new LoginLimits(100, 0, Duration.ofMillis(1), Duration.ofMillis(1)),
                Query.DEFAULT,
                new OAuth(List.of("pgdrover"), "sub", null),
                null);
        proxy = new Proxied(cluster, PoolMode.TRANSACTION, "", config -> {
            var listen = config.listen();
            return config.with(auth)
                    .with(new ListenConfig(
                            listen.host(), 0, directory, listen.backlog(), listen.maxClients(), listen.tls()));
        });
    }

    private static void publish(String path, String json) {
        issuer.createContext(path, exchange -> {
            try (exchange) {
                var body = json.getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
    }

    @AfterAll
    static void stop() throws IOException {
        proxy.close();
        cluster.close();
        issuer.stop(0);
    }

    /// A client that knows no more than it needs to log in.
    private static final class Login implements AutoCloseable {
        private final AutoCloseable socket;
        private final DataInputStream in;
        private final OutputStream out;

        private Login(AutoCloseable socket, InputStream in, OutputStream out, String user) throws IOException {
            this.socket = socket;
            this.in = new DataInputStream(in);
            this.out = out;
            var body = ("user\0" + user + "\0database\0demo\0\0").getBytes(StandardCharsets.UTF_8);
            out.write(ByteBuffer.allocate(8 + body.length)
                    .putInt(8 + body.length)
                    .putInt(3 << 16)
                    .put(body)
                    .array());
        }

        static Login local(String user) throws IOException {
            var channel = SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve(".s.PGSQL." + proxy.port())));
            return new Login(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel), user);
        }

        static Login tcp(String user) throws IOException {
            return tcp(proxy.port(), user);
        }

        static Login tcp(int port, String user) throws IOException {
            var socket = new Socket("127.0.0.1", port);
            return new Login(socket, socket.getInputStream(), socket.getOutputStream(), user);
        }

        /// The next message: its type and body.
        String next() throws IOException {
            try {
                char type = (char) in.readByte();
                return type + new String(in.readNBytes(in.readInt() - 4), StandardCharsets.UTF_8);
            } catch (EOFException over) {
                return "over";
            }
        }

        void send(byte[] body) throws IOException {
            out.write(ByteBuffer.allocate(5 + body.length)
                    .put((byte) 'p')
                    .putInt(4 + body.length)
                    .put(body)
                    .array());
        }

        /// SASLInitialResponse with a token.
        void token(String token) throws IOException {
            var data = ("n,,\1auth=" + (token.isEmpty() ? "" : "Bearer " + token) + "\1\1")
                    .getBytes(StandardCharsets.US_ASCII);
            var name = "OAUTHBEARER\0".getBytes(StandardCharsets.US_ASCII);
            send(ByteBuffer.allocate(name.length + 4 + data.length)
                    .put(name)
                    .putInt(data.length)
                    .put(data)
                    .array());
        }

        /// Everything up to ReadyForQuery or the end; the types, and an error with its text.
        String rest() throws IOException {
            var seen = new StringBuilder();
            while (true) {
                var message = next();
                if (message.equals("over")) return seen.toString();
                seen.append(message.charAt(0) == 'E' ? message.replace('\0', ' ') : message.substring(0, 1));
                if (message.charAt(0) == 'Z') return seen.toString();
            }
        }

        @Override
        public void close() throws Exception {
            socket.close();
        }
    }

    @Test
    void believesTheOperatingSystemAboutPeers() throws Exception {
        try (var login = Login.local("demo")) {
            assertThat(login.rest()).startsWith("RS").endsWith("KZ");
        }
        try (var login = Login.local("postgres")) {
            assertThat(login.rest()).contains("28000", "Peer authentication failed for user \"postgres\"");
        }
        try (var login = Login.local("someone")) {
            assertThat(login.rest()).contains("no pool_hba.conf entry for host \"[local]\", user \"someone\"");
        }
    }

    private static String token(String subject, String audience, String scope, Instant until) throws Exception {
        var claims = new JWTClaimsSet.Builder()
                .issuer(issuerUrl)
                .subject(subject)
                .audience(audience)
                .claim("scope", scope)
                .expirationTime(Date.from(until))
                .build();
        var signed = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("k").build(), claims);
        signed.sign(new RSASSASigner(key));
        return signed.serialize();
    }

    private static String login(String user, String token) throws Exception {
        try (var login = Login.tcp(user)) {
            assertThat(login.next()).isEqualTo("R\0\0\0\nOAUTHBEARER\0\0");
            login.token(token);
            var answer = login.next();
            if (answer.charAt(0) == 'E') return answer.replace('\0', ' ');
            if (!answer.startsWith("R\0\0\0\u000b")) return answer.substring(0, 1) + login.rest();
            assertThat(answer).contains("\"invalid_token\"", issuerUrl + "/.well-known/openid-configuration", "\"db\"");
            login.send(new byte[] {1});
            return login.rest();
        }
    }

    @Test
    void takesTokensOfTheIssuerForUsWithTheScope() throws Exception {
        var soon = Instant.now().plusSeconds(300);

        assertThat(login("demo", token("demo@example.org", "pgdrover", "openid db", soon)))
                .startsWith("RS")
                .endsWith("KZ");

        var refused = "OAuth bearer authentication failed for user \"demo\"";
        assertThat(login("demo", token("other@example.org", "pgdrover", "db", soon)))
                .contains("28000", refused);
        assertThat(login("demo", token("demo@example.com", "pgdrover", "db", soon)))
                .contains(refused);
        assertThat(login("demo", token("demo@example.org", "somebody", "db", soon)))
                .contains(refused);
        assertThat(login("demo", token("demo@example.org", "pgdrover", "openid", soon)))
                .contains(refused);
        assertThat(login("demo", token("demo@example.org", "pgdrover", "db", soon.minusSeconds(900))))
                .contains(refused);
        assertThat(login("demo", "not.a.token")).contains(refused);
    }

    /// Who guesses names under md5 must not learn from the question which of them there are.
    @Test
    void asksUnknownUsersUnderMd5LikeTheKnown() throws Exception {
        var hba = Files.writeString(directory.resolve("md5.conf"), "host all all all md5\n");
        var users = directory.resolve("md5.txt");
        var verifier =
                cluster.nodes().getFirst().ask("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'demo'");
        for (var secret : List.of("plain", verifier)) {
            Files.writeString(users, "\"known\" \"" + secret + "\"\n");
            var auth = new AuthConfig(hba, users, Duration.ofSeconds(10));
            try (var other = new Proxied(cluster, PoolMode.TRANSACTION, "", config -> config.with(auth));
                    var known = Login.tcp(other.port(), "known");
                    var unknown = Login.tcp(other.port(), "unknown")) {
                assertThat(unknown.next().substring(0, 5))
                        .isEqualTo(known.next().substring(0, 5))
                        .isEqualTo(secret.equals("plain") ? "R\0\0\0\5" : "R\0\0\0\n");
            }
        }
    }

    /// libpq asks in this way before it has a token.
    @Test
    void tellsWhoHasNoTokenWhereToGetOne() throws Exception {
        assertThat(login("demo", "")).contains("OAuth bearer authentication failed");
    }
}
