package org.pgdrover.server.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One real PostgreSQL server of an [EmbeddedCluster]: its data directory and, while it runs, its
/// process.
public final class EmbeddedNode {
    private static final Duration START = Duration.ofSeconds(60);

    private final String name;
    private final int port;
    private final Path data;
    private final PostgresBinaries binaries;
    private final Account account;
    private @Nullable Process process;

    EmbeddedNode(String name, int port, Path data, PostgresBinaries binaries, Account account) {
        this.name = name;
        this.port = port;
        this.data = data;
        this.binaries = binaries;
        this.account = account;
    }

    public String name() {
        return name;
    }

    /// On 127.0.0.1.
    public int port() {
        return port;
    }

    /// The data directory, with its configuration files.
    public Path data() {
        return data;
    }

    /// Where it writes its log; begins anew with each start.
    public Path log() {
        return data.resolveSibling(name + ".log");
    }

    public synchronized boolean isRunning() {
        return process != null && process.isAlive();
    }

    /// Starts the server as its data directory says, and waits until it takes connections.
    public synchronized void start() throws IOException, InterruptedException {
        if (isRunning()) return;
        account.own(data);
        long end = System.nanoTime() + START.toNanos();
        while (true) {
            var started = launch();
            process = started;
            while (started.isAlive() && System.nanoTime() < end) {
                if (answers()) return;
                TimeUnit.MILLISECONDS.sleep(20);
            }
            // Killed servers leave children that hold the shared memory for a moment.
            if (System.nanoTime() >= end || !isStillHeld())
                throw new IOException(name + " does not start:\n" + lastLines());
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private Process launch() throws IOException {
        var command = account.command(List.of(binaries.program("postgres"), "-D", data.toString()));
        return new ProcessBuilder(command)
                .directory(data.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(log().toFile()))
                .start();
    }

    private boolean answers() {
        try (var connection = connect("postgres")) {
            return connection.isValid(1);
        } catch (SQLException notYet) {
            return false;
        }
    }

    private boolean isStillHeld() throws IOException {
        var text = lastLines();
        return text.contains("still in use") || text.contains("lock file") || text.contains("Address already in use");
    }

    private String lastLines() throws IOException {
        var lines = Files.readAllLines(log());
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    }

    /// Connects as the superuser, past the proxy.
    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database
                + "?user=" + EmbeddedCluster.SUPERUSER + "&password=" + EmbeddedCluster.SUPERUSER
                + "&connectTimeout=5&socketTimeout=30&ApplicationName=embedded");
    }

    /// Runs statements as the superuser, past the proxy.
    public void sql(String database, String... statements) throws SQLException {
        try (var connection = connect(database);
                var statement = connection.createStatement()) {
            for (var each : statements) statement.execute(each);
        }
    }

    /// The first column of the first row, past the proxy.
    public String ask(String database, String query) throws SQLException {
        try (var connection = connect(database);
                var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            return row.next() ? Objects.toString(row.getString(1), "") : "";
        }
    }

    /// SIGKILL for the postmaster and every child: what the kernel does when memory runs out.
    public synchronized void kill() throws InterruptedException {
        var running = process;
        if (running == null) return;
        var all = processes(running);
        running.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        running.waitFor();
        waitForEnd(all);
        removeSharedMemory();
    }

    /// Waits until the kernel has closed the sockets of killed processes, at most 5 s: an open socket still
    /// takes statements that nobody will carry out.
    private static void waitForEnd(List<ProcessHandle> killed) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (killed.stream().anyMatch(EmbeddedNode::runs) && System.nanoTime() < deadline) Thread.sleep(2);
    }

    /// Where nobody collects orphans (a container whose first process is another program), a process that
    /// has ended stays in the table as a zombie.
    private static boolean runs(ProcessHandle process) {
        if (!process.isAlive()) return false;
        try {
            var status = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            return !status.startsWith(") Z", status.lastIndexOf(')'));
        } catch (IOException endedOrNotLinux) {
            return process.isAlive();
        }
    }

    /// A server that is killed cannot remove its System V segment; line 7 of postmaster.pid has key and
    /// identifier.
    private void removeSharedMemory() throws InterruptedException {
        try (var lines = Files.lines(data.resolve("postmaster.pid"))) {
            var segment = lines.skip(6).findFirst();
            if (segment.isPresent())
                Shell.succeeds(List.of("ipcrm", "-m", segment.get().strip().split(" +")[1]));
        } catch (IOException stoppedBefore) {
            // A server that has stopped by itself has removed both.
        }
    }

    /// SIGSTOP: the server is there, but says nothing.
    public void pause() throws IOException, InterruptedException {
        signal("-STOP");
    }

    /// SIGCONT.
    public void resume() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private synchronized void signal(String signal) throws IOException, InterruptedException {
        var running = process;
        if (running == null || !running.isAlive()) throw new IOException(name + " is not running");
        var command = new ArrayList<>(List.of("kill", signal));
        processes(running).forEach(each -> command.add(Long.toString(each.pid())));
        Shell.succeeds(command);
    }

    private static List<ProcessHandle> processes(Process running) {
        return Stream.concat(Stream.of(running.toHandle()), running.descendants())
                .toList();
    }

    /// Stops it as an operator would (SIGINT, fast shutdown), and kills it if that takes longer than 10
    /// s.
    public synchronized void stop() throws InterruptedException {
        var running = process;
        if (running == null || !running.isAlive()) return;
        processes(running).forEach(each -> {
            try {
                Shell.succeeds(List.of("kill", "-CONT", Long.toString(each.pid())));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
        Shell.succeeds(List.of("kill", "-INT", Long.toString(running.pid())));
        if (!running.waitFor(10, TimeUnit.SECONDS)) kill();
    }

    /// How far replay lags behind on purpose: recovery_min_apply_delay, in seconds.
    public void delayReplay(int seconds) throws SQLException {
        sql("postgres", "ALTER SYSTEM SET recovery_min_apply_delay = '" + seconds + "s'", "SELECT pg_reload_conf()");
    }

    @Override
    public String toString() {
        return name + " (port " + port + ")";
    }
}
