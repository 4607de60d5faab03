package org.pgdrover.auth;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/// Looks up what is stored of a user's password; an unknown user has nothing. May be called from any
/// thread.
@FunctionalInterface
public interface PasswordStore {
    CompletionStage<Optional<StoredPassword>> find(String user);

    /// The same from the source itself, past anything that is remembered: a login has just failed, and
    /// the password may have been changed.
    default CompletionStage<Optional<StoredPassword>> reread(String user) {
        return find(user);
    }
}
