package org.pgdrover.auth.ldap;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.pgdrover.auth.TestAuthority;

/// A slapd of OpenLDAP with a few people in it, on free ports of 127.0.0.1.
final class Slapd implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/sbin/slapd");
    private static final Path SCHEMA = Path.of("/etc/ldap/schema");

    private static final String CONFIGURATION = """
            include %1$s/core.schema
            include %1$s/cosine.schema
            include %1$s/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            pidfile %2$s/pid
            TLSCertificateFile %3$s
            TLSCertificateKeyFile %4$s
            # As some directories do: a name without a password binds, as nobody.
            allow bind_anon_cred bind_anon_dn
            database mdb
            suffix "dc=example,dc=org"
            directory %2$s/database
            access to attrs=userPassword by anonymous auth by * none
            access to dn.subtree="ou=secret,dc=example,dc=org"
              by dn.exact="cn=searcher,dc=example,dc=org" read
              by * none
            access to * by * read
            """;

    private static final String PEOPLE = """
            dn: dc=example,dc=org
            objectClass: dcObject
            objectClass: organization
            o: Example
            dc: example

            dn: cn=searcher,dc=example,dc=org
            objectClass: organizationalRole
            objectClass: simpleSecurityObject
            userPassword: searching

            dn: ou=people,dc=example,dc=org
            objectClass: organizationalUnit

            dn: uid=alice,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Alice
            sn: A
            mail: alice@example.org
            userPassword: wonder land

            dn: cn=Smith\\, Zoë,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: zoë
            sn: Smith
            userPassword: pässword

            dn: ou=guests,ou=people,dc=example,dc=org
            objectClass: organizationalUnit

            dn: uid=eve,ou=guests,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Eve
            sn: E
            userPassword: apple

            dn: uid=twin,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Twin
            sn: T
            userPassword: same

            dn: uid=twin,ou=guests,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Twin
            sn: T
            userPassword: same

            dn: uid=triplet,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Twin
            sn: T
            userPassword: same

            dn: ou=secret,dc=example,dc=org
            objectClass: organizationalUnit

            dn: uid=mallory,ou=secret,dc=example,dc=org
            objectClass: inetOrgPerson
            cn: Mallory
            sn: M
            userPassword: hidden
            """;

    final int port = freePort();
    final int tlsPort = freePort();
    private final Process process;

    /// Skips the tests of the class that asks, with a sentence, where slapd is not installed.
    static void needed() {
        boolean installed = Files.isExecutable(PROGRAM) && Files.isDirectory(SCHEMA);
        var sentence = "slapd is not installed here (Debian: apt-get install slapd)";
        if (!installed) System.out.println("LdapAuthenticatorTest is skipped: " + sentence);
        Assumptions.assumeTrue(installed, sentence);
    }

    Slapd(Path directory, TestAuthority authority) throws IOException, InterruptedException {
        var people = Files.writeString(directory.resolve("people.ldif"), encoded(PEOPLE));
        var configuration = Files.writeString(
                directory.resolve("slapd.conf"),
                CONFIGURATION.formatted(SCHEMA, directory, authority.certificateFile(), authority.keyFile()));
        Files.createDirectory(directory.resolve("database"));
        run(List.of("/usr/sbin/slapadd", "-f", configuration.toString(), "-l", people.toString()));
        process = start(configuration, directory.resolve("slapd.log"));
    }

    /// LDIF is ASCII: what is not goes in base64, after two colons.
    private static String encoded(String ldif) {
        return ldif.lines().map(Slapd::encodedLine).collect(Collectors.joining("\n", "", "\n"));
    }

    private static String encodedLine(String line) {
        if (line.chars().allMatch(c -> c < 0x80)) return line;
        var parts = line.split(": ", 2);
        return parts[0] + ":: " + Base64.getEncoder().encodeToString(parts[1].getBytes(StandardCharsets.UTF_8));
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        var tool = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (tool.waitFor() != 0) throw new IOException(command + ": " + said);
    }

    /// Free at every loopback address, so that a test meets nobody at the others.
    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private Process start(Path configuration, Path log) throws IOException, InterruptedException {
        var urls = "ldap://127.0.0.1:%d/ ldaps://127.0.0.1:%d/".formatted(port, tlsPort);
        // With -d it stays in the foreground.
        var started = new ProcessBuilder(PROGRAM.toString(), "-f", configuration.toString(), "-h", urls, "-d", "none")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        for (int i = 0; i < 200; i++) {
            if (answers(port) && answers(tlsPort)) return started;
            if (started.waitFor(50, TimeUnit.MILLISECONDS)) break;
        }
        started.destroyForcibly();
        throw new IOException("slapd does not start: " + Files.readString(log));
    }

    private static boolean answers(int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly();
    }
}
