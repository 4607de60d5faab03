package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.ask;
import static org.pgdrover.it.Proxied.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.server.cli.Main;

/// The demo as a newcomer meets it: a process with commands on its standard input.
@Timeout(180)
class DemoTest {
    /// One demo as a process of its own; what it makes goes into a temporary directory of its own.
    private static final class Demo implements AutoCloseable {
        private final Process process;
        private final Writer input;
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final Thread reader;

        Demo(Path temporary, String... options) throws IOException {
            var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
            var command = new ArrayList<>(List.of(
                    java,
                    "-Djava.io.tmpdir=" + temporary,
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName(),
                    "demo"));
            command.addAll(List.of(options));
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            input = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
            reader = Thread.ofVirtual().start(this::read);
        }

        private void read() {
            try (var output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (var line = output.readLine(); line != null; line = output.readLine()) lines.add(line);
            } catch (IOException ended) {
                lines.add("(output ended: " + ended.getMessage() + ")");
            }
        }

        void say(String command) throws IOException {
            input.write(command + "\n");
            input.flush();
        }

        boolean said(String part) {
            return lines.stream().anyMatch(line -> line.contains(part));
        }

        void waitFor(String part) throws InterruptedException {
            await(() -> said(part) || !process.isAlive(), "a line with " + part + " in " + lines);
            assertThat(lines).anyMatch(line -> line.contains(part));
        }

        /// The demo's servers with all their processes.
        Set<Long> servers() {
            return process.descendants().map(ProcessHandle::pid).collect(Collectors.toSet());
        }

        int status() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            reader.join();
            return process.exitValue();
        }

        @Override
        public void close() throws InterruptedException {
            process.destroy();
            if (!process.waitFor(60, TimeUnit.SECONDS)) process.destroyForcibly();
        }
    }

    @TempDir
    Path temporary = Path.of(".");

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Connection connect(int port) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port
                + "/demo?user=demo&password=demo&preferQueryMode=simple&socketTimeout=60");
    }

    private static int health(int port) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health"))
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        }
    }

    @Test
    void aSessionGoesOnWhenThePrimaryIsKilledAndQuitLeavesNothing() throws Exception {
        int port = freePort();
        int metricsPort = freePort();
        var servers = new HashSet<Long>();
        try (var demo = new Demo(temporary, "--port", "" + port, "--metrics-port", "" + metricsPort)) {
            demo.waitFor("ready: psql \"host=127.0.0.1 port=" + port + " ");
            assertThat(health(metricsPort)).isEqualTo(200);
            try (var session = connect(port)) {
                assertThat(ask(session, "SELECT 'first' AS word")).isEqualTo("first");
                demo.waitFor("SELECT 'first' AS word");
                servers.addAll(demo.servers());
                demo.say("kill primary");
                demo.waitFor("> killed pg1");
                assertThat(ask(session, "UPDATE account SET balance = 7 WHERE id = 1 RETURNING balance::int"))
                        .isEqualTo("7");
                demo.say("start pg1");
                demo.waitFor("> started pg1");
                assertThat(ask(session, "SELECT balance::int FROM account WHERE id = 1"))
                        .isEqualTo("7");
            }
            servers.addAll(demo.servers());
            assertThat(servers).isNotEmpty().noneMatch(DemoTest::usesFilesOutsideOfItsDirectory);
            demo.say("quit");
            assertThat(demo.status()).isZero();
            assertThat(sharedMemoryOf(servers)).isEmpty();
            assertThat(demo.lines.stream().filter(line -> line.startsWith("ready: ")))
                    .hasSize(1);
            assertThat(demo.lines).anyMatch(line -> line.contains("a proved read") && line.contains("'first'"));
            assertThat(demo.lines).anyMatch(line -> line.contains(" write ") && line.contains("UPDATE account"));
        }
        try (var left = Files.list(temporary)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith("pgdrover-")))
                    .isEmpty();
        }
    }

    /// Files of shared memory that a killed process leaves there.
    private static boolean usesFilesOutsideOfItsDirectory(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/maps")).contains("/dev/shm/PostgreSQL");
        } catch (IOException endedOrNotLinux) {
            return false;
        }
    }

    /// Lines of the kernel's table for System V segments that these processes made.
    private static List<String> sharedMemoryOf(Set<Long> makers) throws IOException {
        var table = Path.of("/proc/sysvipc/shm");
        if (!Files.exists(table)) return List.of();
        try (var lines = Files.lines(table)) {
            return lines.skip(1)
                    .filter(line -> makers.contains(Long.valueOf(line.strip().split(" +")[4])))
                    .toList();
        }
    }

    @Test
    void aMistypedCommandIsAnsweredAndTheSignalOfCtrlCEndsTheDemo() throws Exception {
        int port = freePort();
        try (var demo = new Demo(
                temporary, "--standbys", "1", "--port", "" + port, "--metrics-port", "" + freePort(), "--workload")) {
            demo.waitFor("ready: psql ");
            demo.say("kil primary");
            demo.waitFor("> kil primary: unknown command");
            demo.say("kill pg7");
            demo.waitFor("no node \"pg7\"");
            demo.say("lag primary 3");
            demo.waitFor("pg1 is the primary");
            demo.say("help");
            demo.waitFor("kill -9 of a server");
            demo.waitFor("reads/s");
            interrupt(demo.process.pid());
            assertThat(demo.status()).isZero();
        }
        try (var left = Files.list(temporary)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith("pgdrover-")))
                    .isEmpty();
        }
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                var demo =
                        new Demo(temporary, "--port", "" + taken.getLocalPort(), "--metrics-port", "" + freePort())) {
            assertThat(demo.status()).isEqualTo(1);
            assertThat(demo.lines).anyMatch(line -> line.contains("port " + taken.getLocalPort()));
        }
    }

    private static void interrupt(long pid) throws IOException, InterruptedException {
        var kill = new ProcessBuilder("kill", "-INT", "" + pid).start();
        assertThat(kill.waitFor()).isZero();
    }
}
