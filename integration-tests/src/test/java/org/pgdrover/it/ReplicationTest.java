package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;

/// Replication through the proxy, with PostgreSQL's own programs, and with the driver for the logical
/// kind.
class ReplicationTest {
    private static final int POSTGRES = 15;
    private static final Path PROGRAMS = Path.of("/usr/lib/postgresql/" + POSTGRES + "/bin");

    private record Run(int status, String output) {}

    @TempDir
    static Path directory = Path.of(".");

    private static EmbeddedCluster cluster;
    private static Proxied proxy;

    @BeforeAll
    static void start() throws Exception {
        boolean installed = Files.isExecutable(PROGRAMS.resolve("pg_receivewal"));
        if (!installed)
            System.out.println(
                    "ReplicationTest is skipped: PostgreSQL " + POSTGRES + " is not installed in " + PROGRAMS);
        Assumptions.assumeTrue(installed, "pg_basebackup of the server's own version is needed");
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(1, POSTGRES, false));
        cluster.nodes()
                .getFirst()
                .sql(
                        "postgres",
                        "CREATE ROLE replicator REPLICATION LOGIN PASSWORD 'replicator'",
                        "CREATE ROLE outsider REPLICATION LOGIN PASSWORD 'outsider'");
        var hba = Files.writeString(directory.resolve("pool_hba.conf"), """
                host replication replicator all scram-sha-256
                host demo        replicator all scram-sha-256
                host all         outsider   all scram-sha-256
                """);
        var users = Files.writeString(
                directory.resolve("users.txt"), "\"replicator\" \"replicator\"\n\"outsider\" \"outsider\"\n");
        var auth = new AuthConfig(hba, users, Duration.ofSeconds(10));
        proxy = new Proxied(cluster, PoolMode.TRANSACTION, "", config -> config.with(auth));
    }

    @AfterAll
    static void stop() throws IOException {
        if (proxy != null) proxy.close();
        if (cluster != null) cluster.close();
    }

    private static Run run(String user, String options, String program, String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(List.of(
                PROGRAMS.resolve(program).toString(),
                "-d",
                "host=127.0.0.1 port=" + proxy.port() + " user=" + user + " options='" + options + "'"));
        command.addAll(List.of(arguments));
        var output = Files.createTempFile(directory, program, ".out");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("PGPASSWORD", user);
        var process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(program + " does not end: " + Files.readString(output));
        }
        return new Run(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }

    @Test
    void takesABaseBackupOfThePrimary() throws Exception {
        var backup = directory.resolve("backup");

        var run = run("replicator", "", "pg_basebackup", "-D", backup.toString(), "-X", "stream", "--checkpoint=fast");

        assertThat(run.output()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(backup.resolve("PG_VERSION")).content().isEqualTo(POSTGRES + "\n");
        assertThat(backup.resolve("standby.signal")).doesNotExist();
    }

    @Test
    void takesABaseBackupOfTheNodeThatIsNamed() throws Exception {
        var backup = directory.resolve("named");

        var run = run("replicator", "-c pgdrover.node=pg2", "pg_basebackup", "-D", backup.toString(), "-X", "none");

        assertThat(run.status()).describedAs(run.output()).isZero();
        assertThat(backup.resolve("standby.signal")).exists();
        var absent = run("replicator", "-c pgdrover.node=pg9", "pg_basebackup", "-D", backup + "2", "-X", "none");
        assertThat(absent.status()).isNotZero();
        assertThat(absent.output()).contains("there is no node \"pg9\"").contains("pg1, pg2");
    }

    @Test
    void receivesWal() throws Exception {
        var wal = Files.createDirectory(directory.resolve("wal"));
        var primary = cluster.nodes().getFirst();
        var start = primary.ask("postgres", "SELECT pg_walfile_name(pg_current_wal_lsn())");
        var process = new ProcessBuilder(
                        PROGRAMS.resolve("pg_receivewal").toString(),
                        "-d",
                        "host=127.0.0.1 port=" + proxy.port() + " user=replicator password=replicator",
                        "-D",
                        wal.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("receivewal.out").toFile())
                .start();
        try {
            Proxied.await(() -> Files.exists(wal.resolve(start + ".partial")), "the first segment begun");
            primary.sql("postgres", "CREATE TABLE filler AS SELECT 1", "SELECT pg_switch_wal()");
            Proxied.await(() -> Files.exists(wal.resolve(start)), "the first segment whole");
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.destroy();
            process.waitFor();
        }
        Proxied.await(() -> senders().equals("1"), "the WAL sender of pg_receivewal gone, the standby's there");
    }

    private static String senders() {
        try {
            return cluster.nodes().getFirst().ask("postgres", "SELECT count(*) FROM pg_stat_replication");
        } catch (java.sql.SQLException failure) {
            return String.valueOf(failure.getMessage());
        }
    }

    /// As in pg_hba.conf, "all" does not mean replication.
    @Test
    void asksForALineOfItsOwn() throws Exception {
        var refused = run("outsider", "", "pg_basebackup", "-D", directory.resolve("none") + "", "-X", "none");

        assertThat(refused.status()).isNotZero();
        assertThat(refused.output())
                .contains(
                        "no pool_hba.conf entry for replication connection from host \"127.0.0.1\", user \"outsider\"");
    }

    @Test
    void replicatesLogically() throws Exception {
        var properties = new Properties();
        PGProperty.USER.set(properties, "replicator");
        PGProperty.PASSWORD.set(properties, "replicator");
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "9.4");
        try (var connection =
                DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + proxy.port() + "/demo", properties)) {
            var replication = connection.unwrap(PGConnection.class).getReplicationAPI();
            replication
                    .createReplicationSlot()
                    .logical()
                    .withSlotName("through_the_proxy")
                    .withOutputPlugin("test_decoding")
                    .withTemporaryOption()
                    .make();
            var stream = replication
                    .replicationStream()
                    .logical()
                    .withSlotName("through_the_proxy")
                    .start();
            cluster.nodes().getFirst().sql("demo", "UPDATE account SET balance = 4711 WHERE id = 1");

            var seen = new StringBuilder();
            Proxied.await(
                    () -> seen.append(pending(stream)).toString().contains("balance[numeric]:4711"), "the change");
            stream.close();
        }
    }

    private static String pending(org.postgresql.replication.PGReplicationStream stream) {
        try {
            var message = stream.readPending();
            return message == null ? "" : StandardCharsets.UTF_8.decode(message).toString();
        } catch (java.sql.SQLException failure) {
            throw new AssertionError(failure);
        }
    }
}
