package org.pgdrover.backend;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/// The prepared statements that exist on one server connection, the least recently used first.
///
/// Keys and shapes are of the caller's choosing: a key tells statements apart, a shape tells what the
/// server has said of one.
public final class ServerStatements {
    /// One prepared statement on the server.
    ///
    /// @param key by which it is found
    /// @param name under which the server knows it
    /// @param shape what was said of it when it was parsed
    /// @param number of the order in which they were sent
    public record Prepared(Object key, byte[] name, Object shape, long number) {}

    private final LinkedHashMap<Object, Prepared> statements = new LinkedHashMap<>(16, 0.75f, true);
    private final int capacity;
    private long sent;

    /// @param capacity beyond this the least recently used should be closed, see [#surplus()]
    public ServerStatements(int capacity) {
        this.capacity = capacity;
    }

    /// The statement if it is there, or will be when the server has worked through what was sent.
    public @Nullable Prepared find(Object key) {
        return statements.get(key);
    }

    public void add(Object key, byte[] name, Object shape) {
        statements.put(key, new Prepared(key, name, shape, ++sent));
    }

    /// A statement that was taken out is still there: the server did not get to closing it.
    public void restore(Prepared statement) {
        statements.put(statement.key(), statement);
    }

    public @Nullable Prepared remove(Object key) {
        return statements.remove(key);
    }

    public void clear() {
        statements.clear();
    }

    /// The number of the statement that was sent last.
    public long sent() {
        return sent;
    }

    /// Forgets those that were sent by then: what was sent behind a DEALLOCATE ALL is there when that
    /// has been answered.
    public void clearUpTo(long number) {
        statements.values().removeIf(each -> each.number() <= number);
    }

    /// Every statement, by its key.
    public Iterable<Prepared> all() {
        return statements.values();
    }

    /// Takes out the least recently used statement if there are too many, so that it can be closed.
    public @Nullable Prepared surplus() {
        if (statements.size() <= capacity) return null;
        return statements.pollFirstEntry().getValue();
    }
}
