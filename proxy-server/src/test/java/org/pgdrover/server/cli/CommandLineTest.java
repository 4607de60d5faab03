package org.pgdrover.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.secrets.PasswordJudge;
import org.pgdrover.auth.users.UserListFile;
import picocli.CommandLine;

class CommandLineTest {
    @TempDir
    Path directory = Path.of(".");

    private final StringWriter out = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new Main())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(out))
                .execute(arguments);
    }

    @Test
    void wrongUsageEndsWithTwo() {
        assertThat(run()).isEqualTo(2);
        assertThat(run("walk")).isEqualTo(2);
        assertThat(run("run")).isEqualTo(2);
        assertThat(run("demo", "--standbys", "many")).isEqualTo(2);
        assertThat(out.toString()).contains("which command?", "--config");
    }

    @Test
    void wrongConfigurationEndsWithTwo() throws Exception {
        var file = Files.writeString(directory.resolve("proxy.conf"), "pgdrover { pool.size = 0 }");

        assertThat(run("run", "-c", file.toString())).isEqualTo(2);
        assertThat(run("check", "-c", file.toString())).isEqualTo(2);
    }

    @Test
    void helpTeaches() {
        for (var command : new String[] {"run", "check", "demo"})
            assertThat(run(command, "--help")).isZero();
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).contains("kill NODE|primary", "lag NODE SECONDS", "--workload", "pgdrover 0.");
    }

    @Test
    void checkSaysWhatToDoAboutANodeThatIsNotThere() throws Exception {
        Files.writeString(directory.resolve("pool_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256");
        Files.writeString(directory.resolve("users.txt"), "");
        var file = Files.writeString(
                directory.resolve("proxy.conf"), "pgdrover.cluster.nodes = [ { host = 127.0.0.1, port = 1 } ]");

        assertThat(run("check", "-c", file.toString())).isEqualTo(1);
    }

    @Test
    void hashesAPasswordFromStandardInput() throws Exception {
        var before = System.in;
        try {
            System.setIn(new ByteArrayInputStream("s\u00e9cret\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(run("hash-password", "o\"brien", "--iterations", "10")).isZero();
            System.setIn(new ByteArrayInputStream(new byte[] {'\n'}));
            assertThat(run("hash-password", "me")).isEqualTo(2);
            assertThat(run("hash-password", "me", "--iterations", "0")).isEqualTo(2);
        } finally {
            System.setIn(before);
        }
        var line = out.toString().lines().findFirst().orElseThrow();
        assertThat(line).startsWith("\"o\"\"brien\" \"SCRAM-SHA-256$10:");
        var users = UserListFile.read(Files.writeString(directory.resolve("hashed.txt"), line + "\n"));
        var stored = users.find("o\"brien").toCompletableFuture().join();
        var judge = new PasswordJudge(new ScramVerifiers(new SecureRandom(), new ScramDerivation(), 10));
        assertThat(judge.judge("o\"brien", stored, "s\u00e9cret").right()).isTrue();
        assertThat(judge.judge("o\"brien", stored, "secret").right()).isFalse();
    }

    @Test
    void checkTellsTheRulesAsItUnderstoodThem() throws Exception {
        Files.writeString(
                directory.resolve("pool_hba.conf"),
                "host all \\\n +staff 127.0.0.1 255.0.0.0 scram-sha-256 # why\n"
                        + "local all all ldap ldapserver=h ldapbasedn=o=x ldapbindpasswd=hidden\n");
        Files.writeString(directory.resolve("users.txt"), "");
        var file = Files.writeString(
                directory.resolve("proxy.conf"), "pgdrover.cluster.nodes = [ { host = 127.0.0.1, port = 1 } ]");
        var printed = new ByteArrayOutputStream();
        var before = System.out;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            run("check", "-c", file.toString());
        } finally {
            System.setOut(before);
        }

        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains(directory.resolve("pool_hba.conf") + ":3: local all all ldap ldapserver=h ldapport=389")
                .contains("pool_hba.conf:1: host all +staff 127.0.0.1 255.0.0.0 scram-sha-256")
                .contains("ldapbindpasswd=***")
                .doesNotContain("hidden");
    }

    @Test
    void checkReadsCertificates() throws Exception {
        Files.writeString(directory.resolve("pool_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256");
        Files.writeString(directory.resolve("users.txt"), "");
        var pair = new CertificateBuilder()
                .subject("CN=localhost")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        var file = Files.writeString(directory.resolve("proxy.conf"), """
                pgdrover {
                  cluster.nodes = [ { host = 127.0.0.1, port = 1 } ]
                  listen.tls { cert-file = cert.pem, key-file = key.pem }
                }
                """);

        Files.writeString(directory.resolve("cert.pem"), pair.getCertificatePEM());
        Files.writeString(directory.resolve("key.pem"), "no key");
        assertThat(run("check", "-c", file.toString())).isEqualTo(2);
        Files.writeString(directory.resolve("key.pem"), pair.getPrivateKeyPEM());
        assertThat(run("check", "-c", file.toString()))
                .describedAs("no more to complain of than the node that is not there")
                .isEqualTo(1);
    }

    @Test
    void namesATakenPort() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            assertThatThrownBy(() -> PortCheck.free("127.0.0.1", taken.getLocalPort(), "--port"))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("port " + taken.getLocalPort() + " on 127.0.0.1 is in use")
                    .hasMessageContaining("--port");
        }
    }

    @Test
    void cutsALineToTheTerminal() {
        try (var lines = debugLines(100, true)) {
            var line = lines.format(
                    7, "read", "pg2", "a proved read", 1_234_567, "SELECT  1,\n  2 " + "x".repeat(200), "");

            assertThat(line)
                    .hasSize(100)
                    .startsWith("03:04:05.678 #7   read        pg2   a proved read")
                    .endsWith("…");
            assertThat(line).contains("1.23 ms  SELECT 1, 2 xxx");
            assertThat(lines.format(7, "write", "pg1", "INSERT", 1, "INSERT", "23505"))
                    .contains("ERROR 23505 INSERT");
        }
    }

    private static DebugLines debugLines(int width, boolean literals) {
        var clock = Clock.fixed(Instant.parse("2026-01-02T03:04:05.678Z"), ZoneOffset.UTC);
        return new DebugLines(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8), width, literals, clock);
    }

    @Test
    void showsNoDataInALineUnlessAsked() {
        var sql = "ALTER ROLE app PASSWORD 'its password' \u001b[2J";
        try (var plain = debugLines(200, false);
                var all = debugLines(200, true)) {
            assertThat(plain.format(7, "write", "pg1", "ALTER ROLE", 1, sql, ""))
                    .doesNotContain("password'", "\u001b");
            assertThat(all.format(7, "write", "pg1", "ALTER ROLE", 1, sql, ""))
                    .contains("'its password'")
                    .doesNotContain("\u001b");
        }
    }
}
