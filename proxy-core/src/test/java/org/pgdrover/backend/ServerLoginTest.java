package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ScramClient;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramKeys;
import org.pgdrover.auth.scram.ScramServer;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.auth.users.Md5Password;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ClusterTlsConfig;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.HealthConfig;
import org.pgdrover.config.TlsFiles;
import org.pgdrover.config.TlsLibrary;
import org.pgdrover.config.TlsMode;
import org.pgdrover.config.TlsNegotiation;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.TlsProvider;

/// Logging in to servers that ask in every way, and to some that misbehave.
class ServerLoginTest {
    private static final Map<String, StoredPassword> PASSWORDS = Map.of(
            "plain", new StoredPassword.Plain("secret"),
            "md5", new StoredPassword.Md5(Md5Password.digest("secret", "md5")));

    private static EventLoopGroup loops;

    @BeforeAll
    static void start() {
        loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    }

    @AfterAll
    static void stop() throws Exception {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    /// What a server does after it has read the startup packet.
    private interface Script {
        void play(Wire wire) throws Exception;
    }

    /// How a login ended.
    private record Outcome(
            @Nullable ServerConnection connection,
            boolean refused,
            @Nullable ErrorFields error) {
        String sqlState() {
            return error == null ? "" : error.sqlState();
        }

        String message() {
            return error == null ? "" : error.message();
        }
    }

    private static Outcome login(String user, Script script) throws Exception {
        return login(user, ServerTls.DISABLED, script);
    }

    private static Outcome login(String user, ServerTls tls, Script script) throws Exception {
        var secrets =
                new ServerSecrets(name -> CompletableFuture.completedFuture(Optional.ofNullable(PASSWORDS.get(name))));
        return login(user, tls, secrets, true, script);
    }

    private static Outcome login(String user, ServerTls tls, ServerSecrets secrets, boolean clearText, Script script)
            throws Exception {
        try (var listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            var server = Thread.ofVirtual().start(() -> serve(listener, script));
            var outcome = new CompletableFuture<Outcome>();
            new ServerConnector(
                            new Transport(NioSocketChannel::new),
                            () -> tls,
                            new ServerOptions(Logins.with(secrets, clearText), 10, System::nanoTime))
                    .connect(
                            new ServerTarget("n", new Endpoint("127.0.0.1", listener.getLocalPort()), "db", user),
                            loops.next(),
                            connection -> outcome.complete(new Outcome(connection, false, null)),
                            (refused, error) -> outcome.complete(new Outcome(null, refused, error)),
                            ended -> {});
            var result = outcome.get(20, TimeUnit.SECONDS);
            if (result.connection() != null) {
                var connection = result.connection();
                connection
                        .eventLoop()
                        .submit(() -> connection.close(CloseReason.values()[0]))
                        .sync();
            }
            server.join();
            return result;
        }
    }

    private static void serve(ServerSocket listener, Script script) {
        try (var wire = new Wire(listener.accept())) {
            wire.readPacket();
            script.play(wire);
            while (wire.read() != null) {}
        } catch (Exception over) {
            // The proxy has ended the connection; what it thought of it is the outcome.
        }
    }

    private static WireBytes ready() {
        return new WireBytes()
                .message('R', 0)
                .message('S', "server_version", "18.0")
                .message('K', 42, 4711)
                .message('Z', 'I');
    }

    private static String password(Wire wire) throws IOException {
        return Objects.requireNonNull(wire.read()).text(0);
    }

    @Test
    void comesInByTrust() throws Exception {
        var outcome = login("anybody", wire -> wire.send(ready()));

        var connection = Objects.requireNonNull(outcome.connection());
        assertThat(connection.parameters()).containsEntry("server_version", "18.0");
        assertThat(connection.cancelKey().processId()).isEqualTo(42);
    }

    @Test
    void takesTheAnswerCutAnywhere() throws Exception {
        var bytes = ready().bytes();
        for (int at = 1; at < bytes.length; at++) {
            int cut = at;
            var outcome = login("anybody", wire -> {
                wire.send(Arrays.copyOf(bytes, cut));
                wire.send(Arrays.copyOfRange(bytes, cut, bytes.length));
            });
            assertThat(outcome.connection()).describedAs("cut at " + cut).isNotNull();
        }
    }

    @Test
    void hearsWhatTheServerSaysRightAfterReadyForQuery() throws Exception {
        var outcome = login("anybody", wire -> wire.send(ready().message('S', "TimeZone", "UTC")));

        assertThat(Objects.requireNonNull(outcome.connection()).parameters()).containsKey("server_version");
    }

    /// As of a collation whose version has changed.
    @Test
    void takesANoticeBeforeReadyForQuery() throws Exception {
        var outcome = login(
                "anybody",
                wire -> wire.send(new WireBytes()
                        .message('R', 0)
                        .message('K', 42, 4711)
                        .message('N', 'S', "WARNING", 'V', "WARNING", 'C', "01000", 'M', "mismatch", (char) 0)
                        .message('Z', 'I')));

        assertThat(outcome.connection()).isNotNull();
    }

    @Test
    void sendsAPasswordInClearTextOrAsMd5() throws Exception {
        var seen = new String[3];
        login("plain", wire -> {
            wire.send(new WireBytes().message('R', 3));
            seen[0] = password(wire);
            wire.send(ready());
        });
        for (var user : new String[] {"plain", "md5"})
            login(user, wire -> {
                wire.send(new WireBytes().message('R', 5, new byte[] {1, 2, 3, 4}));
                seen[user.equals("plain") ? 1 : 2] = password(wire);
                wire.send(ready());
            });

        byte[] salt = {1, 2, 3, 4};
        assertThat(seen[0]).isEqualTo("secret");
        assertThat(seen[1]).isEqualTo(Md5Password.answer(Md5Password.digest("secret", "plain"), salt));
        assertThat(seen[2]).isEqualTo(Md5Password.answer(Md5Password.digest("secret", "md5"), salt));
    }

    private static void scram(Wire wire, ScramServer server, boolean honest) throws Exception {
        wire.send(new WireBytes().message('R', 10, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", (char) 0));
        Message first = Objects.requireNonNull(wire.read());
        assertThat(first.text(0)).isEqualTo("SCRAM-SHA-256");
        wire.send(new WireBytes()
                .message(
                        'R',
                        11,
                        server.first(
                                ScramServer.MECHANISM, Arrays.copyOfRange(first.body(), 18, first.body().length))));
        var last = server.last(Objects.requireNonNull(wire.read()).body());
        if (last.isEmpty()) {
            wire.send(new WireBytes().message('E', 'S', "FATAL", 'C', "28P01", 'M', "wrong", (char) 0));
            return;
        }
        var proof = honest ? last.get().serverFinal() : "v=AAAA".getBytes(StandardCharsets.US_ASCII);
        wire.send(new WireBytes().message('R', 12, proof));
        wire.send(ready());
    }

    private static ScramServer scramServer(String password) {
        var verifiers = new ScramVerifiers(new SecureRandom(), new ScramDerivation(), 4096);
        return new ScramServer(verifiers.of("plain", Optional.of(new StoredPassword.Plain(password))), "nonce", null);
    }

    @Test
    void sendsNoPasswordInClearTextWithoutTls() throws Exception {
        var secrets =
                new ServerSecrets(name -> CompletableFuture.completedFuture(Optional.ofNullable(PASSWORDS.get(name))));

        var refused = login("plain", ServerTls.DISABLED, secrets, false, wire -> {
            wire.send(new WireBytes().message('R', 3));
            assertThat(wire.read()).isNull();
        });

        assertThat(refused.refused()).isTrue();
        assertThat(refused.message()).contains("not encrypted").contains("auth.clear-text-to-servers");
    }

    @Test
    void provesWithTheKeysOfAClientsLoginUntilTheServerRefusesThem() throws Exception {
        var password = Optional.<StoredPassword>of(new StoredPassword.Plain("secret"));
        var verifier = new ScramVerifiers(new SecureRandom(), new ScramDerivation(), 4096).of("plain", password);
        var secrets = new ServerSecrets(name -> CompletableFuture.completedFuture(Optional.of(verifier)));
        assertThat(login("plain", ServerTls.DISABLED, secrets, false, wire -> scramOffer(wire))
                        .message())
                .contains("none is known");

        secrets.learned("plain", keys(verifier));
        Script sameVerifier = wire -> scram(wire, new ScramServer(verifier, "nonce", null), true);
        assertThat(login("plain", ServerTls.DISABLED, secrets, false, sameVerifier)
                        .connection())
                .isNotNull();

        var changed =
                login("plain", ServerTls.DISABLED, secrets, false, wire -> scram(wire, scramServer("other"), true));
        assertThat(changed.refused()).isTrue();
        assertThat(changed.message()).contains("another SCRAM verifier");
        assertThat(secrets.find("plain").toCompletableFuture().join()).isEmpty();
    }

    private static void scramOffer(Wire wire) throws Exception {
        wire.send(new WireBytes().message('R', 10, "SCRAM-SHA-256", (char) 0));
        assertThat(wire.read()).isNull();
    }

    private static ScramKeys keys(StoredPassword.ScramVerifier verifier) throws Exception {
        var server = new ScramServer(verifier, "nonce", null);
        var client = new ScramClient(
                ScramClient.ofStored("secret", new ScramDerivation()), null, List.of(ScramServer.MECHANISM));
        return server.last(client.last(server.first(client.mechanism(), client.first())))
                .orElseThrow()
                .keys();
    }

    @Test
    void speaksScramAndChecksThatTheServerKnowsThePasswordToo() throws Exception {
        assertThat(login("plain", wire -> scram(wire, scramServer("secret"), true))
                        .connection())
                .isNotNull();

        var wrong = login("plain", wire -> scram(wire, scramServer("other"), true));
        assertThat(wrong.refused()).isTrue();
        assertThat(wrong.sqlState()).isEqualTo("28P01");

        var dishonest = login("plain", wire -> scram(wire, scramServer("secret"), false));
        assertThat(dishonest.connection()).isNull();
        assertThat(dishonest.message()).contains("did not prove that it knows the password");

        var shortcut = login("plain", wire -> {
            wire.send(new WireBytes().message('R', 10, "SCRAM-SHA-256", (char) 0));
            wire.read();
            wire.send(ready());
        });
        assertThat(shortcut.message()).contains("without proving");
    }

    @Test
    void saysWhatIsMissingFromTheUserList() throws Exception {
        assertThat(login("nobody", wire -> wire.send(new WireBytes().message('R', 3)))
                        .message())
                .contains("none is known: add the user to the user list");
        assertThat(login("md5", wire -> wire.send(new WireBytes().message('R', 10, "SCRAM-SHA-256", (char) 0)))
                        .message())
                .contains("store the plain password in the user list");
        assertThat(login("plain", wire -> wire.send(new WireBytes().message('R', 7)))
                        .message())
                .contains("authentication method 7");
    }

    @Test
    void keepsTheServersOwnErrorAndTellsARefusalFromAnOutage() throws Exception {
        var refused = login(
                "plain",
                wire -> wire.send(
                        new WireBytes().message('E', 'S', "FATAL", 'C', "3D000", 'M', "no such db", (char) 0)));
        assertThat(refused.refused()).isTrue();
        assertThat(refused.message()).isEqualTo("no such db");

        var starting = login(
                "plain",
                wire -> wire.send(new WireBytes().message('E', 'S', "FATAL", 'C', "57P03", 'M', "starting", (char) 0)));
        assertThat(starting.refused()).isFalse();
    }

    @Test
    void givesUpOnAServerThatEndsOrTalksNonsense() throws Exception {
        assertThat(login("plain", Wire::close).message()).contains("closed the connection");
        assertThat(login(
                                "plain",
                                wire -> wire.send(
                                        "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
                        .connection())
                .isNull();
    }

    @Test
    void refusesAServerWithoutTlsWhereItIsRequired() throws Exception {
        var cluster = new ClusterConfig(
                List.of(),
                "me",
                null,
                "db",
                new ClusterTlsConfig(TlsMode.REQUIRE, TlsNegotiation.POSTGRES, TlsFiles.NONE, "TLSv1.2"),
                HealthConfig.DEFAULT);
        var required = ServerTls.read(cluster, TlsProvider.of(TlsLibrary.AUTO, Runnable::run));

        var outcome = login("plain", required, wire -> wire.send(new byte[] {'N'}));

        required.close();
        assertThat(outcome.message()).contains("does not offer TLS");
    }
}
