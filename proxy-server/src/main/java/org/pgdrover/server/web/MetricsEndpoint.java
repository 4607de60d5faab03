package org.pgdrover.server.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/// Serves `/metrics` in Prometheus' text format, and `/health`: 200 while there is a primary, else 503.
public final class MetricsEndpoint implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("pgdrover-http-", 0).factory());

    /// What /health answers with.
    public record Health(boolean healthy, String text) {}

    /// Binds and serves at once.
    ///
    /// @param port 0 or below takes a free one
    /// @throws BindException if the address cannot be listened on; the message names it
    public MetricsEndpoint(String host, int port, Supplier<String> metrics, Supplier<Health> health)
            throws IOException {
        server = bind(host, Math.max(0, port));
        server.setExecutor(threads);
        server.createContext("/metrics", exchange -> metrics(exchange, metrics));
        server.createContext("/health", exchange -> health(exchange, health));
        server.start();
    }

    private static HttpServer bind(String host, int port) throws IOException {
        try {
            return HttpServer.create(new InetSocketAddress(host, port), 16);
        } catch (BindException taken) {
            var failure = new BindException("cannot listen on " + host + ":" + port + " for metrics: "
                    + taken.getMessage() + "; end what uses the port, or choose another with metrics.port");
            failure.initCause(taken);
            throw failure;
        }
    }

    private static void metrics(HttpExchange exchange, Supplier<String> metrics) throws IOException {
        if (!isAt(exchange, "/metrics")) return;
        answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", metrics.get());
    }

    private static void health(HttpExchange exchange, Supplier<Health> health) throws IOException {
        if (!isAt(exchange, "/health")) return;
        var now = health.get();
        answer(exchange, now.healthy() ? 200 : 503, "text/plain; charset=utf-8", now.text());
    }

    private static boolean isAt(HttpExchange exchange, String path) throws IOException {
        var method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            answer(exchange, 405, "text/plain", "GET only\n");
            return false;
        }
        if (exchange.getRequestURI().getPath().equals(path)) return true;
        answer(exchange, 404, "text/plain", "not here: try /metrics or /health\n");
        return false;
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        try (exchange) {
            var body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(status, head ? -1 : body.length);
            if (!head) exchange.getResponseBody().write(body);
        }
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
