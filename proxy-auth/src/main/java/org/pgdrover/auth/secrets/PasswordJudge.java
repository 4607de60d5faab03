package org.pgdrover.auth.secrets;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramKeys;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.users.Md5Password;

/// Tells whether a password in clear text is the right one. The time that it takes does not tell whether
/// there is such a user.
///
/// Whatever is stored, and also if nothing is, SCRAM keys are derived once from what the client sent,
/// and compared. Thread-safe.
public final class PasswordJudge {
    private final ScramVerifiers verifiers;

    /// @param right whether the password is the right one
    /// @param keys what it makes of the stored SCRAM verifier; null if it is wrong, or something else is
    /// stored
    public record Verdict(boolean right, @Nullable ScramKeys keys) {}

    public PasswordJudge(ScramVerifiers verifiers) {
        this.verifiers = verifiers;
    }

    /// Takes milliseconds: not for an event loop.
    public Verdict judge(String user, Optional<StoredPassword> stored, String password) {
        var verifier = verifiers.of(user, stored);
        var keys = ScramDerivation.derive(password.isEmpty() ? "-" : password, verifier.salt(), verifier.iterations());
        boolean fits = keys.fit(verifier) && !password.isEmpty();
        return switch (stored.orElse(null)) {
            case StoredPassword.Md5(var digest) -> new Verdict(same(digest, Md5Password.digest(password, user)), null);
            case StoredPassword.ScramVerifier ignored -> new Verdict(fits, fits ? keys : null);
            case StoredPassword.Plain ignored -> new Verdict(fits, null);
            case null -> new Verdict(false, null);
        };
    }

    private static boolean same(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }
}
