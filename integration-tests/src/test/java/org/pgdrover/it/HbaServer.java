package org.pgdrover.it;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.hba.HbaRequest;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;

/// A real PostgreSQL server that tells which line of its pg_hba.conf a connection fits: by its log.
final class HbaServer implements AutoCloseable {
    private static final Pattern AUTHENTICATED = Pattern.compile("connection authenticated: .*\\((/.*):(\\d+)\\)");
    private static final Pattern MATCHED = Pattern.compile("Connection matched file \"(.*)\" line (\\d+)");
    private static final Map<Integer, String> METHODS =
            Map.of(0, "trust", 3, "password", 5, "md5", 10, "scram-sha-256");

    private final EmbeddedCluster cluster;
    private final EmbeddedNode node;
    private final X509Bundle authority;
    private final SSLContext anonymous;
    private final Connection admin;
    private long logRead;

    /// What a server or our rules decide.
    ///
    /// @param method of the rule, or "none" if there is none
    /// @param place file:line of the rule; empty if it is not known, or there is none
    record Verdict(String method, String place) {}

    HbaServer() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(0, 18, false));
        node = cluster.nodes().getFirst();
        authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        configure();
        anonymous = tls(null);
        admin = node.connect("postgres");
    }

    private void configure() throws Exception {
        write("server.crt", authority.getCertificatePEM());
        write("server.key", authority.getPrivateKeyPEM());
        Files.setPosixFilePermissions(file("server.key"), PosixFilePermissions.fromString("rw-------"));
        node.sql(
                "postgres",
                "ALTER SYSTEM SET listen_addresses = '127.0.0.1, ::1'",
                "ALTER SYSTEM SET unix_socket_directories = '" + node.data() + "'",
                "ALTER SYSTEM SET ssl = on",
                "ALTER SYSTEM SET ssl_ca_file = 'server.crt'",
                "ALTER SYSTEM SET log_connections = 'authentication'",
                "ALTER SYSTEM SET autovacuum = off");
        node.stop();
        node.start();
    }

    private SSLContext tls(@Nullable X509Bundle certificate) throws GeneralSecurityException {
        var context = SSLContext.getInstance("TLSv1.3");
        var keys = certificate == null
                ? new KeyManager[0]
                : certificate.toKeyManagerFactory().getKeyManagers();
        context.init(keys, new TrustManager[] {authority.toTrustManager()}, null);
        return context;
    }

    EmbeddedNode node() {
        return node;
    }

    Path file(String name) {
        return node.data().resolve(name);
    }

    void write(String name, String content) throws IOException {
        Files.createDirectories(file(name).getParent());
        Files.writeString(file(name), content);
    }

    /// The postmaster takes a signal before it takes the next connection.
    void reload() throws SQLException {
        try (var statement = admin.createStatement()) {
            statement.execute("SELECT pg_reload_conf()");
        }
    }

    /// file:line of every line that PostgreSQL finds wrong in a file as it is on the disk.
    Set<String> errors(String view) throws SQLException {
        var errors = new TreeSet<String>();
        try (var statement = admin.createStatement();
                var rows = statement.executeQuery(
                        "SELECT file_name, line_number FROM " + view + " WHERE error IS NOT NULL")) {
            while (rows.next()) errors.add(rows.getString(1) + ":" + rows.getInt(2));
        }
        return errors;
    }

    /// user+role for every member, directly or not, and every role itself.
    Set<String> memberships() throws SQLException {
        var members = new HashSet<String>();
        try (var statement = admin.createStatement();
                var rows = statement.executeQuery("""
                        WITH RECURSIVE member(member, role) AS (
                            SELECT oid, oid FROM pg_roles
                            UNION SELECT m.member, g.roleid FROM member m JOIN pg_auth_members g ON g.member = m.role)
                        SELECT u.rolname || '+' || r.rolname FROM member m
                        JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.role
                        """)) {
            while (rows.next()) members.add(rows.getString(1));
        }
        return members;
    }

    Verdict ask(HbaRequest request, boolean replicatesDatabase) throws IOException, InterruptedException {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", request.user());
        if (!request.replication()) parameters.put("database", request.database());
        if (request.replication()) parameters.put("replication", "true");
        if (replicatesDatabase) parameters.put("replication", "database");
        var address = request.address();
        try (var client = address == null ? local() : tcp(address, request.encrypted() ? anonymous : null)) {
            var answer = client.start(parameters);
            if (answer.authentication() == 3) client.password("wrong");
            var verdict = verdict(answer);
            if (answer.authentication() == 0) client.finish();
            return verdict;
        }
    }

    /// A certificate that the server trusts.
    SSLContext identity(String subject) throws Exception {
        return tls(new CertificateBuilder()
                .subject(subject)
                .addExtendedKeyUsageClientAuth()
                .buildIssuedBy(authority));
    }

    /// Whether somebody with this certificate may be that user.
    boolean admits(SSLContext identity, String user) throws IOException {
        try (var client = tcp(InetAddress.ofLiteral("127.0.0.1"), identity)) {
            var answer = client.start(Map.of("user", user, "database", "absent"));
            if (answer.authentication() == 0) client.finish();
            else if (!answer.error().contains("certificate authentication failed"))
                throw new IOException(answer.error());
            return answer.authentication() == 0;
        }
    }

    private StartupClient local() throws IOException {
        return StartupClient.local(file(".s.PGSQL." + node.port()));
    }

    private StartupClient tcp(InetAddress from, @Nullable SSLContext tls) throws IOException {
        var server = from.getAddress().length == 4 ? "127.0.0.1" : "::1";
        return StartupClient.tcp(new InetSocketAddress(InetAddress.ofLiteral(server), node.port()), from, tls);
    }

    private Verdict verdict(StartupClient.Answer answer) throws IOException, InterruptedException {
        if (answer.error().startsWith("no pg_hba.conf entry")) return new Verdict("none", "");
        if (answer.error().startsWith("pg_hba.conf rejects")) return new Verdict("reject", "");
        var method = METHODS.get(answer.authentication());
        if (method == null) throw new IOException(answer.toString());
        boolean isTold = method.equals("trust") || method.equals("password");
        return new Verdict(method, isTold ? place() : "");
    }

    /// The server writes its log before it answers.
    private String place() throws IOException {
        try (var log = new RandomAccessFile(node.log().toFile(), "r")) {
            log.seek(logRead);
            var fresh = new byte[(int) (log.length() - logRead)];
            log.readFully(fresh);
            logRead += fresh.length;
            for (var line :
                    new String(fresh, StandardCharsets.UTF_8).lines().toList().reversed()) {
                for (var pattern : new Pattern[] {AUTHENTICATED, MATCHED}) {
                    var matcher = pattern.matcher(line);
                    if (matcher.find()) return matcher.group(1) + ":" + matcher.group(2);
                }
            }
        }
        throw new IOException("the server's log does not tell the line");
    }

    @Override
    public void close() {
        try {
            admin.close();
        } catch (SQLException gone) {
            // It ends with its server.
        }
        cluster.close();
    }
}
