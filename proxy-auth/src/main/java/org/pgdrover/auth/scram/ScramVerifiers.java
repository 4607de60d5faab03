package org.pgdrover.auth.scram;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/// Gives the verifier that a client's password is judged by, whatever is stored of it.
///
/// A user who is unknown, or has no password that SCRAM can use, gets one that no password fits, with a
/// salt that stays the same: who guesses user names learns nothing (RFC 5802, section 9). Thread-safe.
public final class ScramVerifiers {
    private static final int SALT_BYTES = 16;
    private static final int MOST_SALTS = 100_000;

    private final SecureRandom random;
    private final ScramDerivation derivation;
    private final int iterations;
    private final byte[] mockKey = new byte[32];
    private final ConcurrentHashMap<String, byte[]> salts = new ConcurrentHashMap<>();

    /// @param iterations of what is derived here, and of what unknown users are shown
    public ScramVerifiers(SecureRandom random, ScramDerivation derivation, int iterations) {
        this.random = random;
        this.derivation = derivation;
        this.iterations = iterations;
        random.nextBytes(mockKey);
    }

    /// May take milliseconds, when a plain password is met for the first time: not for an event loop.
    public ScramVerifier of(String user, Optional<StoredPassword> stored) {
        return switch (stored.orElse(null)) {
            case Plain plain when !plain.password().isEmpty() -> ofPlain(plain.password());
            case ScramVerifier verifier -> verifier;
            case Plain empty -> mock(user);
            case Md5 unusable -> mock(user);
            case null -> mock(user);
        };
    }

    /// Whether [#of] will have nothing to derive, and so takes no time to speak of.
    public boolean areAtHand(Optional<StoredPassword> stored) {
        if (!(stored.orElse(null) instanceof Plain(var password)) || password.isEmpty()) return true;
        var salt = salts.get(password);
        return salt != null && derivation.keeps(password, salt, iterations);
    }

    private ScramVerifier ofPlain(String password) {
        if (salts.size() > MOST_SALTS) salts.clear();
        var salt = salts.computeIfAbsent(password, fresh -> randomSalt());
        return derivation.ofStored(password, salt, iterations).verifier();
    }

    private byte[] randomSalt() {
        var salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        return salt;
    }

    /// One of two, always the same for a user, and nobody else can tell which.
    public boolean toss(String user) {
        return (mockDigest("toss " + user)[0] & 1) != 0;
    }

    private byte[] mockDigest(String text) {
        return ScramFunctions.hmac(ScramMechanism.SCRAM_SHA_256, mockKey, text.getBytes(StandardCharsets.UTF_8));
    }

    private ScramVerifier mock(String user) {
        var digest = mockDigest(user);
        var key = new byte[32];
        random.nextBytes(key);
        return new ScramVerifier(iterations, Arrays.copyOf(digest, SALT_BYTES), key, key);
    }

    /// A new verifier for a password, as ALTER ROLE … PASSWORD makes one.
    public ScramVerifier make(String password) {
        return ScramDerivation.derive(password, randomSalt(), iterations).verifier();
    }
}
