package org.pgdrover.server.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.server.ProxyServer;
import org.pgdrover.server.Reloadable;
import org.pgdrover.server.metrics.MicrometerMetrics;
import org.pgdrover.server.web.MetricsEndpoint;
import org.pgdrover.server.web.MetricsEndpoint.Health;

/// The proxy together with the page that tells of it.
final class RunningProxy implements AutoCloseable {
    private final MicrometerMetrics metrics = new MicrometerMetrics();
    private final ProxyServer server;
    private final @Nullable MetricsEndpoint endpoint;

    /// @throws IOException if an address is taken or a file cannot be read
    RunningProxy(ProxyConfig config, @Nullable StatementObserver observer) throws IOException, InterruptedException {
        server = ProxyServer.start(config, metrics, observer);
        try {
            endpoint = config.metrics().port() == 0
                    ? null
                    : new MetricsEndpoint(
                            config.metrics().host(), config.metrics().port(), metrics::scrape, this::health);
        } catch (IOException failure) {
            server.close();
            throw failure;
        }
    }

    private Health health() {
        var now = server.topology().topology();
        var text = new StringBuilder();
        text.append(now.primary() == null ? "no primary" : "ok").append('\n');
        text.append("failover: ").append(server.failoverState()).append('\n');
        now.nodes().forEach(node -> text.append(NodeLine.of(node)).append('\n'));
        return new Health(now.primary() != null, text.toString());
    }

    InetSocketAddress address() {
        return server.address();
    }

    List<Reloadable<?>> reloadables() {
        return server.reloadables();
    }

    ClusterTopology topology() {
        return server.topology().topology();
    }

    String failoverState() {
        return server.failoverState();
    }

    int clients() {
        return server.clients();
    }

    @Override
    public void close() {
        if (endpoint != null) endpoint.close();
        server.close();
        metrics.close();
    }
}
