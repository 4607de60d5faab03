package org.pgdrover.auth.secrets;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ScramKeys;

/// The secrets that the proxy can prove to servers in its users' names. They are what is stored of their
/// passwords, and the keys that their own logins have yielded.
///
/// Those keys live in memory alone. One login of a user serves all clients of that user; when the
/// verifier changes, the keys are of no use any more and the next login brings new ones. Thread-safe.
public final class ServerSecrets {
    private static final int MOST_KEYS = 100_000;

    private final PasswordStore passwords;
    private final Map<String, ScramKeys> keys = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, ScramKeys> eldest) {
            return size() > MOST_KEYS;
        }
    };

    public ServerSecrets(PasswordStore passwords) {
        this.passwords = passwords;
    }

    /// A client has proved that it knows the user's password, and these keys with it.
    ///
    /// @return whether they are others than before
    public boolean learned(String user, ScramKeys proved) {
        synchronized (keys) {
            var before = keys.put(user, proved);
            return before == null || !before.fit(proved.verifier());
        }
    }

    /// A server has refused what was found: it is not offered again, and what is remembered of the
    /// password is read anew.
    public void refused(String user, ServerSecret secret) {
        synchronized (keys) {
            if (secret instanceof ServerSecret.Keys(var bad)) keys.remove(user, bad);
        }
        passwords.reread(user);
    }

    /// Empty if nothing is known that a server could be shown.
    public CompletionStage<Optional<ServerSecret>> find(String user) {
        return passwords.find(user).thenApply(stored -> Optional.ofNullable(secret(user, stored.orElse(null))));
    }

    private @Nullable ServerSecret secret(String user, @Nullable StoredPassword stored) {
        return switch (stored) {
            case StoredPassword.Plain(var password) -> new ServerSecret.Plain(password);
            case StoredPassword.Md5(var digest) -> new ServerSecret.Md5(digest);
            case StoredPassword.ScramVerifier verifier -> keysFor(user, verifier);
            case null -> null;
        };
    }

    private @Nullable ServerSecret keysFor(String user, StoredPassword.ScramVerifier verifier) {
        synchronized (keys) {
            var known = keys.get(user);
            if (known == null) return null;
            if (known.fit(verifier)) return new ServerSecret.Keys(known);
            keys.remove(user);
            return null;
        }
    }
}
