package org.pgdrover.frontend.login;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.pgdrover.frontend.ClientConnection;

/// Runs a login's work where it keeps nobody waiting, and comes back to the client's event loop with the
/// result.
///
/// Meanwhile the client is not read. What comes back to a login that is over is dropped.
final class LoginWork {
    private final ClientConnection client;
    private final BooleanSupplier over;

    LoginWork(ClientConnection client, BooleanSupplier over) {
        this.client = client;
        this.over = over;
    }

    <T> void whenKnown(CompletionStage<T> stage, Consumer<T> then, Consumer<Throwable> failed) {
        var answer = stage.toCompletableFuture();
        if (answer.state() == Future.State.SUCCESS) {
            then.accept(answer.resultNow());
            return;
        }
        client.read(false);
        answer.whenComplete((found, failure) -> onLoop(() -> {
            if (failure == null) then.accept(found);
            else failed.accept(failure);
        }));
    }

    /// @param full run if there is no room for more work
    <T> void elsewhere(Executor where, Supplier<T> work, Consumer<T> then, Runnable full) {
        client.read(false);
        try {
            where.execute(() -> here(work, then));
        } catch (RejectedExecutionException _) {
            full.run();
        }
    }

    /// Runs it on the thread that this is.
    <T> void here(Supplier<T> work, Consumer<T> then) {
        try {
            var result = work.get();
            onLoop(() -> then.accept(result));
        } catch (Throwable failure) {
            onLoop(() -> client.failed(failure));
        }
    }

    private void onLoop(Runnable step) {
        if (client.eventLoop().inEventLoop()) client.run(() -> unlessOver(step));
        else client.execute(() -> unlessOver(step));
    }

    private void unlessOver(Runnable step) {
        if (!over.getAsBoolean()) step.run();
    }
}
