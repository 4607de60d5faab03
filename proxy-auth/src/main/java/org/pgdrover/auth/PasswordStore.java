package org.pgdrover.auth;

import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Looks up what is stored of a user's password; an unknown user has nothing. May be called from any thread. */
@FunctionalInterface
public interface PasswordStore {
    CompletionStage<Optional<StoredPassword>> find(String user);
}
