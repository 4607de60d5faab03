package org.pgdrover.frontend.login;

import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.scram.ScramKeys;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.routing.FunctionCatalog;

/// Leads a client that has proved who it is to its session, or to its replication.
///
/// @param secrets hear what logins yield
/// @param functions are read before the first statement asks for them
/// @param replication makes the phase of a client that replicates
public record LoginSuccess(
        ServerSecrets secrets,
        PoolRegistry pools,
        FunctionCatalog functions,
        Welcome welcome,
        BiFunction<ClientConnection, StartupRequest, Phase> replication) {
    /// @param keys what the client's proof has yielded, if anything
    Phase next(ClientConnection client, StartupRequest request, @Nullable ScramKeys keys) {
        if (keys != null && secrets.learned(request.user(), keys)) pools.forgive(request.user());
        if (request.replication() != StartupRequest.Replication.NONE) return replication.apply(client, request);
        functions.prepare(request.database());
        return new WelcomePhase(client, request, welcome);
    }
}
