package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.auth.oauth.OAuthBearerServer;
import org.pgdrover.auth.oauth.OAuthBearerServer.Broken;
import org.pgdrover.auth.oauth.OAuthBearerServer.Discovery;
import org.pgdrover.auth.oauth.OAuthBearerServer.Refused;
import org.pgdrover.auth.oauth.OAuthBearerServer.Token;
import org.pgdrover.auth.oauth.OAuthSettings;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;

/// The same OAUTHBEARER messages to PostgreSQL 18 and to [OAuthBearerServer]: the same answers.
///
/// The server needs a validator module, which a C compiler makes here. In messages ^A stands for byte 1
/// and ^@ for byte 0.
class OAuthBearerTest {
    private static final OAuthSettings SETTINGS =
            new OAuthSettings("https://issuer.example/realm", "openid postgres", null, false);

    private static final List<String> MESSAGES = List.of(
            "n,,^Aauth=Bearer good^A^A",
            "y,,^Aauth=Bearer good^A^A",
            "n,,^Aauth=bearer    good^A^A",
            "n,,^Aauth=Bearer good==^A^A",
            "n,,^Aauth=Bearer good=x^A^A",
            "n,,^Aauth=Bearer good^Ahost=h^Aport=5432^A^A",
            "n,,^Ahost=h^Aport=5432^Aauth=Bearer good^A^A",
            "n,,^Aauth=Bearer bad^A^A",
            "n,,^Aauth=^A^A",
            "n,,^Aauth= ^A^A",
            "n,,^Aauth=Bearer^A^A",
            "n,,^Aauth=Bearer ^A^A",
            "n,,^Aauth=Bearer\tgood^A^A",
            "n,,^Aauth=Bearer good ^A^A",
            "n,,^Aauth=Bearer =^A^A",
            "n,,^Aauth=Basic good^A^A",
            "n,,^Aauth=Bearer good^Aauth=Bearer good^A^A",
            "n,,^Aauth=Bearer good^A^A^A",
            "n,,^Aauth=Bearer good^A^A^@",
            "n,a=demo,^Aauth=Bearer good^A^A",
            "n,b=demo,^Aauth=Bearer good^A^A",
            "p=tls-server-end-point,,^Aauth=Bearer good^A^A",
            "n,,^A^A",
            "n,,^A^A^A",
            "n,,^Aauth^A^A",
            "n,,^A=x^Aauth=Bearer good^A^A",
            "n,,^A=^A^A",
            "^A",
            "n",
            "");

    /// What a byte of a good message is replaced by, or preceded by.
    private static final String REPLACEMENTS = "\0\1,= \200";

    @TempDir
    static Path directory = Path.of(".");

    private static @Nullable EmbeddedCluster cluster;

    private final OAuthBearerServer ours = new OAuthBearerServer(SETTINGS);

    @BeforeAll
    static void start() throws IOException, InterruptedException, SQLException {
        var module = compiled();
        var hba =
                Files.writeString(directory.resolve("pg_hba.conf"), """
                host all postgres 127.0.0.1/32 scram-sha-256
                host all all      127.0.0.1/32 oauth issuer="%s" scope="%s"
                """.formatted(SETTINGS.issuer(), SETTINGS.scope()));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        node().sql(
                        "postgres",
                        "ALTER SYSTEM SET oauth_validator_libraries = '" + module + "'",
                        "ALTER SYSTEM SET hba_file = '" + hba + "'");
        node().stop();
        node().start();
    }

    private static Path compiled() throws IOException, InterruptedException {
        var module = directory.resolve("validator.so");
        var source = directory.resolve("validator.c");
        try (var resource = OAuthBearerTest.class.getResourceAsStream("/oauth/validator.c")) {
            Files.copy(Objects.requireNonNull(resource), source);
        }
        var command = List.of("cc", "-Wall", "-Werror", "-fPIC", "-shared", "-o", module.toString(), source.toString());
        Process compiler;
        try {
            compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException none) {
            System.out.println(
                    "OAuthBearerTest is skipped: no C compiler is installed here (Debian: apt-get install gcc libc6-dev)");
            return Assumptions.abort("no C compiler is installed here");
        }
        var said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).describedAs(said).isZero();
        return module;
    }

    @AfterAll
    static void stop() {
        if (cluster != null) cluster.close();
    }

    private static EmbeddedNode node() {
        return Objects.requireNonNull(cluster).nodes().getFirst();
    }

    private static byte[] bytes(String message) {
        return message.replace("^A", "\1").replace("^@", "\0").getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void answersChosenMessagesAsPostgresDoes() throws Exception {
        for (var message : MESSAGES) check(bytes(message));
    }

    @Test
    void answersEveryMessageThatDiffersInOneByteAsPostgresDoes() throws Exception {
        for (var message : variants("n,,^Aauth=Bearer good^Ahost=h^A^A")) check(message);
    }

    @Test
    void takesMessagesOfTheSameLengthAsPostgresDoes() throws Exception {
        int around = bytes("n,,^Aauth=Bearer ^A^A").length;

        // SASLInitialResponse has the mechanism's name and two lengths too, and is itself within the limit.
        check(bytes("n,,^Aauth=Bearer good" + "x".repeat(65_000 - around) + "^A^A"));
        assertThat(OAuthBearerServer.MAX_BYTES).isEqualTo(65_535);
    }

    @Test
    void endsAFailedExchangeAsPostgresDoes() throws Exception {
        for (var last : List.of("^A", "", "^A^A", "n,,^Aauth=Bearer good^A^A")) {
            try (var session = new Session(node().port())) {
                session.begin(bytes("n,,^Aauth=^A^A"));
                var answer = session.send(bytes(last));

                boolean breach = answer.equals("error 08P01");
                assertThat(answer).describedAs(last).isIn("error 08P01", "error 28000");
                assertThat(ours.isLast(bytes(last))).describedAs(last).isEqualTo(!breach);
            }
        }
    }

    private static List<byte[]> variants(String message) {
        var variants = new ArrayList<byte[]>();
        var good = new String(bytes(message), StandardCharsets.ISO_8859_1);
        for (int at = 0; at < good.length(); at++) {
            variants.add(bytes(good.substring(0, at)));
            variants.add(bytes(good.substring(0, at) + good.substring(at + 1)));
            for (var other : REPLACEMENTS.split("")) {
                variants.add(bytes(good.substring(0, at) + other + good.substring(at + 1)));
                variants.add(bytes(good.substring(0, at) + other + good.substring(at)));
            }
        }
        return variants;
    }

    private void check(byte[] message) throws IOException, ParseException {
        try (var session = new Session(node().port())) {
            assertThat(session.begin(message))
                    .describedAs("answer of PostgreSQL to "
                            + new String(message, StandardCharsets.ISO_8859_1)
                                    .replace("\1", "^A")
                                    .replace("\0", "^@"))
                    .isEqualTo(answer(message));
        }
    }

    private String answer(byte[] message) throws ParseException {
        return switch (ours.first(message)) {
            case Token token -> token.bearer().startsWith("good") ? "ok" : "continue " + parsed(ours.errorStatus());
            case Discovery discovery -> "continue " + parsed(discovery.status());
            case Refused refused -> "continue " + parsed(refused.status());
            case Broken broken -> broken.why().startsWith("malformed") ? "error 08P01" : "error 0A000";
        };
    }

    private static String parsed(byte[] json) throws ParseException {
        return JSONObjectUtils.parse(new String(json, StandardCharsets.UTF_8)).toString();
    }

    /// A client that logs in with bytes of its own.
    private static final class Session implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;

        Session(int port) throws IOException {
            socket = new Socket("127.0.0.1", port);
            socket.setSoTimeout(30_000);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        /// Starts up, names the mechanism and sends the initial response; gives the answer.
        String begin(byte[] initialResponse) throws IOException, ParseException {
            var parameters = "user\0demo\0database\0demo\0\0".getBytes(StandardCharsets.US_ASCII);
            out.writeInt(8 + parameters.length);
            out.writeInt(3 << 16);
            out.write(parameters);
            assertThat(answer()).isEqualTo("mechanisms [OAUTHBEARER]");
            var body = new ByteArrayOutputStream();
            body.write("OAUTHBEARER\0".getBytes(StandardCharsets.US_ASCII));
            new DataOutputStream(body).writeInt(initialResponse.length);
            body.write(initialResponse);
            return send(body.toByteArray());
        }

        String send(byte[] response) throws IOException, ParseException {
            out.writeByte('p');
            out.writeInt(4 + response.length);
            out.write(response);
            return answer();
        }

        private String answer() throws IOException, ParseException {
            int type = in.readByte();
            var body = new byte[in.readInt() - 4];
            in.readFully(body);
            if (type == 'E') return "error " + sqlState(body);
            var data = Arrays.copyOfRange(body, 4, body.length);
            return switch (body[3]) {
                case 0 -> "ok";
                case 10 -> "mechanisms " + List.of(new String(data, StandardCharsets.US_ASCII).split("\0"));
                case 11 -> "continue " + parsed(data);
                default -> throw new IOException("Authentication request " + body[3]);
            };
        }

        private static String sqlState(byte[] fields) {
            return Arrays.stream(new String(fields, StandardCharsets.UTF_8).split("\0"))
                    .filter(field -> field.startsWith("C"))
                    .findFirst()
                    .orElseThrow()
                    .substring(1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
