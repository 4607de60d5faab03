package org.pgdrover.testing;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// An authority of the test's own, and files with the certificates that it has issued.
public final class Certificates {
    private final Path directory;
    private final X509Bundle authority;

    /// A certificate and its key.
    public record Pair(Path certificate, Path key, X509Bundle bundle) {}

    public Certificates(Path directory, String name) throws Exception {
        this.directory = directory;
        this.authority = new CertificateBuilder()
                .subject("CN=" + name)
                .setIsCertificateAuthority(true)
                .setKeyUsage(true, CertificateBuilder.KeyUsage.keyCertSign, CertificateBuilder.KeyUsage.cRLSign)
                .buildSelfSigned();
        Files.writeString(ca(), authority.getCertificatePEM());
    }

    /// The authority's own certificate.
    public Path ca() {
        return directory.resolve(name() + "-ca.pem");
    }

    private String name() {
        return authority.getCertificate().getSubjectX500Principal().getName().substring(3);
    }

    /// For a server with these names and 127.0.0.1; the first name is its common name.
    public Pair server(String... names) throws Exception {
        return write(names[0], server(names, new CertificateBuilder().addSanIpAddress("127.0.0.1")));
    }

    /// For a server that is called by these host names alone.
    public Pair serverNamed(String... names) throws Exception {
        return write(names[0], server(names, new CertificateBuilder()));
    }

    private X509Bundle server(String[] names, CertificateBuilder builder) throws Exception {
        builder.subject("CN=" + names[0]).addExtendedKeyUsageServerAuth();
        for (var each : names) builder.addSanDnsName(each);
        return builder.buildIssuedBy(authority);
    }

    /// For a user.
    public Pair client(String user) throws Exception {
        return write(
                "client-" + user,
                new CertificateBuilder()
                        .subject("CN=" + user)
                        .addExtendedKeyUsageClientAuth()
                        .buildIssuedBy(authority));
    }

    /// For a user, but long ago.
    public Pair expiredClient(String user) throws Exception {
        return write(
                "expired-" + user,
                new CertificateBuilder()
                        .subject("CN=" + user)
                        .notBefore(Instant.now().minus(Duration.ofDays(3)))
                        .notAfter(Instant.now().minus(Duration.ofDays(1)))
                        .addExtendedKeyUsageClientAuth()
                        .buildIssuedBy(authority));
    }

    private Pair write(String name, X509Bundle bundle) throws IOException {
        var certificate =
                Files.writeString(directory.resolve(name() + "-" + name + ".pem"), bundle.getCertificatePathPEM());
        var key = directory.resolve(name() + "-" + name + ".key");
        Files.deleteIfExists(key);
        Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new Pair(certificate, Files.writeString(key, bundle.getPrivateKeyPEM()), bundle);
    }

    /// The authority's list of what it has revoked, written anew.
    public Path revoke(Pair... revoked) throws Exception {
        var now = new Date();
        var list = new X509v2CRLBuilder(
                new X500Name(
                        authority.getCertificate().getSubjectX500Principal().getName()),
                now);
        list.setNextUpdate(new Date(now.getTime() + Duration.ofDays(1).toMillis()));
        for (var each : revoked)
            list.addCRLEntry(each.bundle().getCertificate().getSerialNumber(), now, CRLReason.keyCompromise);
        var signed = list.build(new JcaContentSignerBuilder("SHA256withECDSA")
                .build(authority.getKeyPair().getPrivate()));
        return Files.writeString(
                directory.resolve(name() + ".crl"),
                "-----BEGIN X509 CRL-----\n" + Base64.getMimeEncoder().encodeToString(signed.getEncoded())
                        + "\n-----END X509 CRL-----\n");
    }
}
