package org.pgdrover.auth;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/// Two places where passwords are stored, the second asked for users whom the first does not know.
public record PasswordSources(Supplier<? extends PasswordStore> first, PasswordStore second) implements PasswordStore {
    @Override
    public CompletionStage<Optional<StoredPassword>> find(String user) {
        return ask(user, PasswordStore::find);
    }

    @Override
    public CompletionStage<Optional<StoredPassword>> reread(String user) {
        return ask(user, PasswordStore::reread);
    }

    private CompletionStage<Optional<StoredPassword>> ask(
            String user, BiFunction<PasswordStore, String, CompletionStage<Optional<StoredPassword>>> question) {
        return question.apply(first.get(), user)
                .thenCompose(found ->
                        found.isPresent() ? CompletableFuture.completedStage(found) : question.apply(second, user));
    }

    /// A place that knows nobody.
    public static final PasswordStore NOBODY = user -> CompletableFuture.completedStage(Optional.empty());
}
