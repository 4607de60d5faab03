package org.pgdrover.frontend;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.pgdrover.metrics.ProxyMetrics;

/// The client connections that are open, counted; thread-safe.
public final class Clients {
    private final ProxyMetrics metrics;
    private final LongAdder received = new LongAdder();
    private final LongAdder sent = new LongAdder();
    private final ConcurrentHashMap<Long, ClientConnection> open = new ConcurrentHashMap<>();
    private volatile boolean stopping;

    public Clients(ProxyMetrics metrics) {
        this.metrics = metrics;
        metrics.traffic(received::sum, sent::sum);
    }

    /// Bytes have come from a client; what TLS adds does not count.
    void received(int bytes) {
        received.add(bytes);
    }

    /// Bytes have gone to a client.
    void sent(int bytes) {
        sent.add(bytes);
    }

    void connected(ClientConnection client) {
        open.put(client.id(), client);
        metrics.clientConnected();
        if (stopping) client.shutDown();
    }

    void disconnected(ClientConnection client, DisconnectReason reason) {
        open.remove(client.id());
        metrics.clientDisconnected(reason.label());
    }

    /// Work for a client has thrown.
    void failedInside() {
        metrics.failedInside();
    }

    void loginRefused(String sqlState) {
        metrics.loginRefused(sqlState);
    }

    /// Clients connected now, those that are still logging in among them.
    public int count() {
        return open.size();
    }

    /// Whether every session has ended, or is about to.
    boolean isStopping() {
        return stopping;
    }

    /// Ends every session, and those that come too late.
    public void shutDown() {
        stopping = true;
        open.values().forEach(ClientConnection::shutDown);
    }
}
