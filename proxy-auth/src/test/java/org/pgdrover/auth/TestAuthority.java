package org.pgdrover.auth;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// A certificate authority with one server certificate, for `localhost` and no other name, made by
/// Java's keytool.
public final class TestAuthority {
    private static final String PASSWORD = "changeit";

    private final Path directory;

    public TestAuthority(Path directory) throws IOException, InterruptedException, GeneralSecurityException {
        this.directory = directory;
        keytool("-genkeypair", "-alias", "ca", "-dname", "CN=test authority", "-ext", "bc:c");
        keytool("-genkeypair", "-alias", "server", "-dname", "CN=server", "-signer", "ca", "-ext", "san=dns:localhost");
        var keys = keys();
        write("ca.pem", "CERTIFICATE", keys.getCertificate("ca").getEncoded());
        write("server.pem", "CERTIFICATE", keys.getCertificate("server").getEncoded());
        write(
                "server.key",
                "PRIVATE KEY",
                keys.getKey("server", PASSWORD.toCharArray()).getEncoded());
    }

    private void keytool(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keyalg", "RSA", "-keysize", "2048", "-storetype", "PKCS12"));
        command.addAll(List.of("-keystore", store().toString(), "-storepass", PASSWORD));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) throw new IOException(said);
    }

    private Path store() {
        return directory.resolve("keys.p12");
    }

    private KeyStore keys() throws IOException, GeneralSecurityException {
        var keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store())) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return keys;
    }

    private void write(String name, String type, byte[] encoded) throws IOException {
        var base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
        Files.writeString(
                directory.resolve(name), "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n");
    }

    public Path caFile() {
        return directory.resolve("ca.pem");
    }

    public Path certificateFile() {
        return directory.resolve("server.pem");
    }

    public Path keyFile() {
        return directory.resolve("server.key");
    }

    /// What a server presents the certificate with.
    public SSLContext serverContext() throws IOException, GeneralSecurityException {
        var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        var keys = keys();
        keys.deleteEntry("ca");
        factory.init(keys, PASSWORD.toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }
}
