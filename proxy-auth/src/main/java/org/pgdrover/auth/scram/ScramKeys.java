package org.pgdrover.auth.scram;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import java.security.MessageDigest;
import java.util.Arrays;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/// The keys of one password for one salt and number of iterations (RFC 5802, section 3).
///
/// Whoever has the ClientKey can log in wherever the same verifier is stored; the password cannot be
/// found from it. It is what falls out of a client's proof, and what the proxy then proves itself with
/// to the servers.
public final class ScramKeys {
    private final int iterations;
    private final byte[] salt;
    private final byte[] clientKey;
    private final byte[] serverKey;

    ScramKeys(int iterations, byte[] salt, byte[] clientKey, byte[] serverKey) {
        this.iterations = iterations;
        this.salt = salt.clone();
        this.clientKey = clientKey.clone();
        this.serverKey = serverKey.clone();
    }

    byte[] clientKey() {
        return clientKey.clone();
    }

    byte[] serverKey() {
        return serverKey.clone();
    }

    /// Whether they were made with this salt and so many iterations.
    boolean fit(byte[] otherSalt, int otherIterations) {
        return iterations == otherIterations && Arrays.equals(salt, otherSalt);
    }

    /// Whether they are the keys that a verifier was made from.
    public boolean fit(ScramVerifier verifier) {
        return fit(verifier.salt(), verifier.iterations())
                && MessageDigest.isEqual(storedKey(), verifier.storedKey())
                && MessageDigest.isEqual(serverKey, verifier.serverKey());
    }

    private byte[] storedKey() {
        return ScramFunctions.storedKey(ScramMechanism.SCRAM_SHA_256, clientKey);
    }

    /// What a server keeps of them.
    public ScramVerifier verifier() {
        return new ScramVerifier(iterations, salt, storedKey(), serverKey);
    }

    @Override
    public String toString() {
        return "ScramKeys[***]";
    }
}
