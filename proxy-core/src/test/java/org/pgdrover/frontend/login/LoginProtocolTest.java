package org.pgdrover.frontend.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Clients;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.testing.Logins;
import org.pgdrover.tls.ClientTls;

/// What breaks the protocol before a session begins is answered as PostgreSQL answers it, at once.
class LoginProtocolTest {
    private static final int SSL_REQUEST = 1234 << 16 | 5679;
    private static final int GSSENC_REQUEST = 1234 << 16 | 5680;
    private static final int CANCEL_REQUEST = 1234 << 16 | 5678;

    @TempDir
    Path directory = Path.of(".");

    /// Knows one password for everybody.
    private record OnePassword() implements PasswordStore {
        @Override
        public CompletionStage<Optional<StoredPassword>> find(String user) {
            return CompletableFuture.completedFuture(Optional.of(new StoredPassword.Plain("right")));
        }
    }

    private EmbeddedChannel connect(String method) throws Exception {
        var rules = Files.writeString(directory.resolve("pool_hba.conf"), "local all all " + method + "\n");
        var login = Logins.login(
                HbaParser.parse(rules), new OnePassword(), () -> ClientTls.OFF, new CancelRegistry(), nobodyComesIn());
        var channel = new EmbeddedChannel();
        channel.pipeline()
                .addLast(new ClientConnection(
                        1, channel, new Clients(ProxyMetrics.NOOP), login, Duration.ofSeconds(30)));
        channel.pipeline().fireChannelActive();
        return channel;
    }

    @SuppressWarnings("NullAway")
    private static LoginSuccess nobodyComesIn() {
        return null;
    }

    private static String send(EmbeddedChannel channel, byte[] bytes) {
        if (channel.isOpen()) channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        channel.runPendingTasks();
        var text = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            text.append(next.toString(StandardCharsets.ISO_8859_1));
            next.release();
        }
        return text.toString().replace('\0', '|');
    }

    private static byte[] packet(int length, int code, String rest) {
        var text = rest.replace('|', '\0').getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length)
                .putInt(length)
                .putInt(code)
                .put(text)
                .array();
    }

    private static byte[] packet(int code, String rest) {
        return packet(8 + rest.length(), code, rest);
    }

    private static byte[] startup(String options) {
        return packet(3 << 16, "user|me|database|db|options|" + options + "||");
    }

    private static byte[] message(char type, int length) {
        return ByteBuffer.allocate(8)
                .put((byte) type)
                .putInt(length)
                .put(new byte[3])
                .array();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 10_005})
    void dropsAFirstPacketOfImpossibleLengthInSilence(int length) throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, packet(length, 3 << 16, "user|me||"))).isEmpty();
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "*1\r\n$4\r\nPING\r\n"})
    void dropsWhoSpeaksAnotherProtocolInSilence(String greeting) throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, greeting.getBytes(StandardCharsets.US_ASCII))).isEmpty();
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();

        var after = connect("trust");
        assertThat(send(after, packet(SSL_REQUEST, ""))).isEqualTo("N");
        assertThat(send(after, greeting.getBytes(StandardCharsets.US_ASCII))).isEmpty();
        assertThat(after.isOpen()).isFalse();
        after.finishAndReleaseAll();
    }

    @Test
    void dropsACancelRequestOfImpossibleLengthInSilence() throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, packet(CANCEL_REQUEST, "abcd"))).isEmpty();
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void readsAStartupMessageAsLongAsPostgresDoes() throws Exception {
        var longest = "user|me|application_name|" + "x".repeat(10_004 - 8 - 27) + "||";
        var channel = connect("reject");
        assertThat(send(channel, packet(3 << 16, longest))).contains("28000", "rejects connection");
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "131072; user|me||; 0A000; unsupported frontend protocol 2.0: server supports 3.0 to 3.2",
                "262144; user|me||; 0A000; unsupported frontend protocol 4.0: server supports 3.0 to 3.2",
                "196608; user|me; 08P01; invalid startup packet layout: expected terminator as last byte",
                "196608; user|me||more; 08P01; invalid startup packet layout: expected terminator as last byte",
                "196608; database|db||; 28000; no PostgreSQL user name specified in startup packet",
                "196608; user|me|replication|maybe||; 22023; invalid value for parameter \"replication\": \"maybe\""
            })
    void tellsWhatIsWrongWithAStartupMessage(int version, String rest, String sqlState, String message)
            throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, packet(version, rest))).contains("FATAL", sqlState, message);
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @ValueSource(ints = {SSL_REQUEST, GSSENC_REQUEST})
    void takesARequestForEncryptionOnce(int request) throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, packet(request, ""))).isEqualTo("N");
        assertThat(send(channel, packet(request, "")))
                .contains("0A000", "unsupported frontend protocol 1234." + (request & 0xFFFF));
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    /// Whoever has not proved who he is learns nothing; the others hear it in PostgreSQL's words.
    @Test
    void tellsOfAMistakeInTheOptionsAfterTheLogin() throws Exception {
        var channel = connect("trust");
        assertThat(send(channel, startup("-c x")))
                .startsWith("R|||\b||||E")
                .contains("FATAL", "42601", "-c x requires a value");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();

        var stranger = connect("scram-sha-256");
        assertThat(send(stranger, startup("-c x"))).startsWith("R").doesNotContain("requires");
        assertThat(stranger.isOpen()).isTrue();
        stranger.finishAndReleaseAll();
    }

    @Test
    void refusesASecondStartupMessageAmidScramAtItsFirstByte() throws Exception {
        var channel = connect("scram-sha-256");
        assertThat(send(channel, startup(""))).contains("SCRAM-SHA-256");
        assertThat(send(channel, new byte[] {0}))
                .contains("FATAL", "08P01", "expected SASL response, got message type 0");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @CsvSource({"scram-sha-256, SASL", "password, password"})
    void refusesAnotherMessageThanTheAnswer(String method, String expected) throws Exception {
        for (char type : new char[] {'Q', 'X', 'd', 'z'}) {
            var channel = connect(method);
            send(channel, startup(""));
            assertThat(send(channel, message(type, 4)))
                    .contains("08P01", "expected " + expected + " response, got message type " + (int) type);
            assertThat(channel.isOpen()).isFalse();
            channel.finishAndReleaseAll();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1025, 70_000})
    void refusesASaslResponseOfImpossibleLengthAtOnce(int length) throws Exception {
        var channel = connect("scram-sha-256");
        send(channel, startup(""));
        assertThat(send(channel, message('p', length)))
                .contains("FATAL", "28P01", "password authentication failed for user \"me\"");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 65_536})
    void dropsAPasswordOfImpossibleLengthInSilence(int length) throws Exception {
        for (var method : new String[] {"password", "md5"}) {
            var channel = connect(method);
            send(channel, startup(""));
            assertThat(send(channel, message('p', length))).isEmpty();
            assertThat(channel.isOpen()).isFalse();
            channel.finishAndReleaseAll();
        }
    }
}
