package org.pgdrover.access;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.AuthConfig;

/// Passwords as the cluster itself stores them, asked for with `auth.query` and remembered for a short
/// time.
///
/// Unknown users are remembered too. Questions about one user that come at the same time are one
/// question. Thread-safe.
public final class AuthQuery implements PasswordStore, AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    /// So often at most is one user asked about anew, whoever fails to log in.
    private static final long LEAST_REREAD_NANOS = Duration.ofSeconds(1).toNanos();

    private static final int CONNECTIONS = 4;
    private static final int MOST_REMEMBERED = 10_000;

    /// @param again whether it was asked for because a login had failed
    private record Answer(CompletableFuture<Optional<StoredPassword>> password, long askedNanos, boolean again) {}

    private final NodeConnector connector;
    private final TopologySource topology;
    private final String database;
    private final String sql;
    private final long rememberNanos;
    private final Executor waiting;
    private final LongSupplier clock;
    private final Semaphore permits = new Semaphore(CONNECTIONS);
    private final BlockingQueue<Connection> idle = new ArrayBlockingQueue<>(CONNECTIONS);
    private final Map<String, Answer> answers = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Answer> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    /// @param connector logs in as the user who may run the query
    /// @param waiting runs the query, which may take seconds
    /// @param clock nanoseconds
    public AuthQuery(
            AuthConfig.Query config,
            String database,
            NodeConnector connector,
            TopologySource topology,
            Executor waiting,
            LongSupplier clock) {
        this.connector = connector;
        this.topology = topology;
        this.database = database;
        this.sql = forJdbc(config.sql());
        this.rememberNanos = config.cache().toNanos();
        this.waiting = waiting;
        this.clock = clock;
    }

    /// The query with its parameter as JDBC spells it, and operators that look like one escaped.
    public static String forJdbc(String sql) {
        return sql.replace("?", "??").replace("$1", "?");
    }

    @Override
    public CompletionStage<Optional<StoredPassword>> find(String user) {
        return ask(user, false);
    }

    @Override
    public CompletionStage<Optional<StoredPassword>> reread(String user) {
        return ask(user, true);
    }

    /// Passwords may have been changed: whoever asks from now on is told what holds then.
    public void forget() {
        synchronized (answers) {
            answers.clear();
        }
    }

    private CompletionStage<Optional<StoredPassword>> ask(String user, boolean again) {
        long now = clock.getAsLong();
        Answer fresh;
        synchronized (answers) {
            var known = answers.get(user);
            if (known != null && isUsable(known, now, again)) return known.password();
            fresh = new Answer(new CompletableFuture<>(), now, again);
            answers.put(user, fresh);
        }
        waiting.execute(() -> answer(user, fresh.password()));
        return fresh.password();
    }

    private boolean isUsable(Answer known, long now, boolean again) {
        if (known.password().isCompletedExceptionally()) return false;
        if (!known.password().isDone()) return true;
        long age = now - known.askedNanos();
        return again ? known.again() && age < LEAST_REREAD_NANOS : age < rememberNanos;
    }

    private void answer(String user, CompletableFuture<Optional<StoredPassword>> password) {
        try {
            permits.acquire();
            try {
                password.complete(query(user));
            } finally {
                permits.release();
            }
        } catch (SQLException | RuntimeException failure) {
            password.completeExceptionally(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            password.completeExceptionally(interrupted);
        }
    }

    /// A kept connection may have died, with its node even: then a new one is tried, once.
    private Optional<StoredPassword> query(String user) throws SQLException {
        var kept = idle.poll();
        if (kept != null) {
            try {
                return query(kept, user);
            } catch (SQLException died) {
                close(kept);
            }
        }
        var fresh = connector.connect(topology.topology().anyServing(), database, TIMEOUT);
        try {
            return query(fresh, user);
        } catch (SQLException failure) {
            close(fresh);
            throw failure;
        }
    }

    private Optional<StoredPassword> query(Connection connection, String user) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            statement.setString(1, user);
            try (var rows = statement.executeQuery()) {
                var secret = rows.next() ? rows.getString(rows.getMetaData().getColumnCount()) : null;
                var password = parse(user, secret);
                if (!idle.offer(connection)) close(connection);
                return password;
            }
        }
    }

    private static Optional<StoredPassword> parse(String user, @Nullable String secret) throws SQLException {
        if (secret == null || secret.isEmpty()) return Optional.empty();
        try {
            return Optional.of(StoredPassword.parse(secret));
        } catch (IllegalArgumentException malformed) {
            throw new SQLException("auth.query gives a malformed SCRAM verifier for user \"" + user + "\"");
        }
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException ignored) {
            // It is of no use any more.
        }
    }

    @Override
    public void close() {
        for (var connection = idle.poll(); connection != null; connection = idle.poll()) close(connection);
    }
}
