package org.pgdrover.auth.scram;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/**
 * Gives the keys that a client's SCRAM proof is checked with, deriving those of a plain password once.
 *
 * <p>A user who is unknown, or has no password that SCRAM can use, gets keys that no password fits, with a salt that stays the same: who
 * guesses user names learns nothing (RFC 5802, section 9). Thread-safe.
 */
public final class ScramVerifiers {
    static final int ITERATIONS = 4096;
    private static final int SALT_BYTES = 16;
    private static final int MOST_KEPT = 10_000;

    private final SecureRandom random;
    private final byte[] mockKey = new byte[32];
    private final ConcurrentHashMap<String, ScramVerifier> derived = new ConcurrentHashMap<>();

    public ScramVerifiers(SecureRandom random) {
        this.random = random;
        random.nextBytes(mockKey);
    }

    /** May take milliseconds, when a plain password is met for the first time: not for an event loop. */
    public ScramVerifier of(String user, Optional<StoredPassword> stored) {
        return switch (stored.orElse(null)) {
            case Plain plain -> ofPlain(plain.password());
            case ScramVerifier verifier -> verifier;
            case Md5 unusable -> mock(user);
            case null -> mock(user);
        };
    }

    private ScramVerifier ofPlain(String password) {
        if (derived.size() > MOST_KEPT) derived.clear();
        return derived.computeIfAbsent(password, plain -> {
            var salt = new byte[SALT_BYTES];
            random.nextBytes(salt);
            return derive(plain, salt, ITERATIONS);
        });
    }

    private ScramVerifier mock(String user) {
        var digest = ScramFunctions.hmac(ScramMechanism.SCRAM_SHA_256, mockKey, user.getBytes(StandardCharsets.UTF_8));
        var salt = java.util.Arrays.copyOf(digest, SALT_BYTES);
        var key = new byte[32];
        random.nextBytes(key);
        return new ScramVerifier(ITERATIONS, salt, key, key);
    }

    /** Whether a password in clear text is the one of the keys. */
    public static boolean fits(String password, ScramVerifier verifier) {
        var same = derive(password, verifier.salt(), verifier.iterations());
        return java.security.MessageDigest.isEqual(same.storedKey(), verifier.storedKey());
    }

    private static ScramVerifier derive(String password, byte[] salt, int iterations) {
        var mechanism = ScramMechanism.SCRAM_SHA_256;
        var salted = ScramFunctions.saltedPassword(
                mechanism, StringPreparation.POSTGRESQL_PREPARATION, password.toCharArray(), salt, iterations);
        var clientKey = ScramFunctions.clientKey(mechanism, salted);
        return new ScramVerifier(
                iterations,
                salt,
                ScramFunctions.storedKey(mechanism, clientKey),
                ScramFunctions.serverKey(mechanism, salted));
    }
}
