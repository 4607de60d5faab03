package org.pgdrover.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/// Our certificate with its chain, and the private key that belongs to it.
record Credentials(List<X509Certificate> chain, PrivateKey key) {
    /// @throws IOException if a file cannot be read, or the key is another certificate's
    static Credentials read(Path certFile, Path keyFile) throws IOException {
        var chain = PemFile.certificates(certFile);
        var key = PemFile.privateKey(keyFile);
        if (!belongs(key, chain.getFirst().getPublicKey()))
            throw new IOException(keyFile + ": not the key of the first certificate in " + certFile
                    + ": give the pair that was issued together, the server's own certificate first");
        return new Credentials(chain, key);
    }

    /// Found out by a signature, which works for every kind of key.
    private static boolean belongs(PrivateKey key, PublicKey certified) {
        try {
            var signature = Signature.getInstance(algorithm(key));
            signature.initSign(key);
            signature.update((byte) 1);
            var signed = signature.sign();
            signature.initVerify(certified);
            signature.update((byte) 1);
            return signature.verify(signed);
        } catch (GeneralSecurityException otherKind) {
            return false;
        }
    }

    private static String algorithm(PrivateKey key) {
        return switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
    }

    /// For the JDK's own TLS.
    KeyManager[] keyManagers() {
        try {
            var password = new char[0];
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, password);
            store.setKeyEntry("key", key, password, chain.toArray(X509Certificate[]::new));
            var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public String toString() {
        return "Credentials[" + chain.getFirst().getSubjectX500Principal() + ", key=***]";
    }
}
