package org.pgdrover.listening;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.metrics.ProxyMetrics;

/// The listeners of all databases, each made when the first client of its database listens; thread-safe.
public final class Listeners implements TopologyListener, AutoCloseable {
    private final TopologySource topology;
    private final ServerConnector connector;
    private final ProxyMetrics metrics;
    private final Markers markers;
    private final ConcurrentHashMap<String, DatabaseListener> listeners = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final AtomicInteger subscriptions = new AtomicInteger();

    /// @param random that nobody can guess: what it gives proves that a marker is the proxy's own
    public Listeners(TopologySource topology, ServerConnector connector, ProxyMetrics metrics, Random random) {
        this.markers = new Markers(random);
        this.topology = topology;
        this.connector = connector;
        this.metrics = metrics;
        metrics.subscriptions(subscriptions::get);
        topology.listen(this);
    }

    /// Begins a client's share; it has no channel yet.
    ///
    /// @param loop the client's
    /// @param subscriber told on that loop what has come
    public Subscription begin(String database, String user, EventLoop loop, Consumer<List<Arrival>> subscriber) {
        var listener = listeners.computeIfAbsent(database, name -> newListener(name, loop));
        var subscription = new Subscription(numbers.incrementAndGet(), user, loop, markers, listener, subscriber);
        listener.execute(() -> listener.join(subscription));
        return subscription;
    }

    private DatabaseListener newListener(String database, EventLoop loop) {
        var around = new ListenerConnection.Surroundings(topology, connector, metrics);
        return new DatabaseListener(database, loop, markers, around, subscriptions::addAndGet);
    }

    /// Ends the connection to a database that nobody listens in, for a statement that must find it
    /// without sessions.
    public void closeIdle(String database) {
        var listener = listeners.get(database);
        if (listener != null) listener.execute(listener::closeIfIdle);
    }

    @Override
    public void onTopology(ClusterTopology previous, ClusterTopology current) {
        for (var listener : listeners.values()) listener.execute(listener::onTopology);
    }

    @Override
    public void close() {
        for (var listener : listeners.values()) listener.execute(listener::close);
    }
}
