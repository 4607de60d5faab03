package org.pgdrover.server;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Clients;
import org.pgdrover.frontend.Entrance;
import org.pgdrover.frontend.login.Login;
import org.pgdrover.frontend.login.LoginGuard;
import org.pgdrover.frontend.login.LoginSuccess;
import org.pgdrover.frontend.login.SessionBegin;
import org.pgdrover.frontend.login.SessionDefaults;
import org.pgdrover.frontend.login.Welcome;
import org.pgdrover.frontend.relay.RelayServices;
import org.pgdrover.frontend.replication.Replication;
import org.pgdrover.listening.Listeners;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.tls.ClientTls;

/// The rooms of the frontend, joined: the place where each learns which one follows it.
record Frontend(Clients clients, Entrance entrance, Duration loginTimeout, AtomicLong numbers) {
    /// The servers behind, and the way to them.
    ///
    /// @param connector for connections that belong to one client alone
    /// @param clock nanoseconds
    record Backends(
            TopologySource topology,
            ServerConnector connector,
            PoolRegistry pools,
            Router router,
            FunctionCatalog functions,
            HoldGate gate,
            Listeners listeners,
            CancelSender cancels,
            SessionDefaults defaults,
            LongSupplier clock) {}

    /// Who may come in, and how.
    ///
    /// @param tls the certificates in force now
    /// @param peers the operating system's name for whoever is at the other end of a Unix-domain socket,
    /// or null
    record Access(ClientAccess rules, Supplier<ClientTls> tls, Function<Channel, @Nullable String> peers) {}

    static Frontend of(
            ProxyConfig config,
            Backends backends,
            Access access,
            ProxyMetrics metrics,
            @Nullable StatementObserver observer) {
        var cancelKeys = new CancelRegistry();
        var sessions = sessions(new RelayServices(
                config,
                new RelayServices.Backends(
                        backends.topology(),
                        backends.connector(),
                        backends.pools(),
                        backends.router(),
                        backends.gate(),
                        backends.listeners(),
                        backends.cancels(),
                        () -> {
                            access.rules().forgetPasswords();
                            backends.defaults().mayHaveChanged();
                        },
                        backends.clock()),
                metrics,
                observer,
                cancelKeys));
        var welcome = welcome(config, backends, cancelKeys, sessions);
        var replication = new Replication(backends.topology(), backends.connector(), cancelKeys, backends.cancels());
        var next = new LoginSuccess(
                access.rules().secrets(), backends.pools(), backends.functions(), welcome, replication::begin);
        return new Frontend(
                new Clients(metrics),
                login(config, access, cancelKeys, next, backends.clock()),
                config.auth().timeout(),
                new AtomicLong());
    }

    private static SessionBegin sessions(RelayServices relays) {
        return (client, request, key, parameters, lent) -> lent == null
                ? relays.relay(client, request, key, parameters, null, null)
                : relays.relay(client, request, key, parameters, lent.pool(), lent.server());
    }

    private static Welcome welcome(
            ProxyConfig config, Backends backends, CancelRegistry cancelKeys, SessionBegin sessions) {
        var primary = new Welcome.Primary(
                backends.topology(),
                backends.pools(),
                backends.gate(),
                config.failover().holdTimeout());
        return new Welcome(config.pool(), primary, backends.defaults(), cancelKeys, sessions);
    }

    private static Login login(
            ProxyConfig config, Access access, CancelRegistry cancelKeys, LoginSuccess next, LongSupplier clock) {
        var guard = new LoginGuard(config.auth().limits(), config.listen().maxClients(), clock);
        var mode = config.listen().tls().mode();
        return new Login(
                guard, access.tls(), cancelKeys, access.rules().authentication(mode, access.peers(), guard, next));
    }

    /// A connection for a client that has come.
    ClientConnection newClient(Channel channel) {
        return new ClientConnection(numbers.incrementAndGet(), channel, clients, entrance, loginTimeout);
    }
}
