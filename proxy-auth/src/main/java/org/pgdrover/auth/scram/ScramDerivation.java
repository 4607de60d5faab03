package org.pgdrover.auth.scram;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/// Derives SCRAM keys from passwords, which takes milliseconds by design (PBKDF2): not for an event
/// loop.
///
/// What is derived from a password of the user list is kept, for that password is in memory anyway; what
/// a client typed is not. Thread-safe.
public final class ScramDerivation {
    private static final int MOST_KEPT = 10_000;

    private record Question(String password, ByteBuffer salt, int iterations) {
        @Override
        public String toString() {
            return "Question[***]";
        }
    }

    private final Map<Question, ScramKeys> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, ScramKeys> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /// The keys of a password that is stored in plain text; derived once.
    ScramKeys ofStored(String password, byte[] salt, int iterations) {
        var question = new Question(password, ByteBuffer.wrap(salt.clone()), iterations);
        synchronized (kept) {
            var known = kept.get(question);
            if (known != null) return known;
        }
        var keys = derive(password, salt, iterations);
        synchronized (kept) {
            kept.put(question, keys);
        }
        return keys;
    }

    /// Whether [#ofStored] need not derive anything.
    boolean keeps(String password, byte[] salt, int iterations) {
        var question = new Question(password, ByteBuffer.wrap(salt), iterations);
        synchronized (kept) {
            return kept.containsKey(question);
        }
    }

    /// The keys of any password; nothing of it is kept.
    public static ScramKeys derive(String password, byte[] salt, int iterations) {
        var mechanism = ScramMechanism.SCRAM_SHA_256;
        var characters = password.toCharArray();
        var salted = ScramFunctions.saltedPassword(
                mechanism, StringPreparation.POSTGRESQL_PREPARATION, characters, salt, iterations);
        java.util.Arrays.fill(characters, '\0');
        return new ScramKeys(
                iterations,
                salt,
                ScramFunctions.clientKey(mechanism, salted),
                ScramFunctions.serverKey(mechanism, salted));
    }
}
