package org.pgdrover.backend;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The prepared statements that exist on one server connection, the least recently used first.
 *
 * <p>Keys are compared by identity-like equality of the caller's choosing; values are the names on the server.
 */
public final class ServerStatements {
    private final LinkedHashMap<Object, byte[]> names = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<Object> spoiled = new HashSet<>();
    private final int capacity;

    /** @param capacity beyond this the least recently used should be closed, see {@link #surplus()} */
    public ServerStatements(int capacity) {
        this.capacity = capacity;
    }

    /** Whether the statement is there, or will be when the server has worked through what was sent. */
    public boolean contains(Object statement) {
        return names.get(statement) != null;
    }

    public void add(Object statement, byte[] name) {
        names.put(statement, name);
    }

    public void remove(Object statement) {
        names.remove(statement);
    }

    /** The server holds the statement but cannot run it any more: it must be closed before it is prepared again. */
    public void spoil(Object statement) {
        if (names.remove(statement) != null) spoiled.add(statement);
    }

    /** Whether the statement was spoiled; it is not any more. */
    public boolean takeSpoiled(Object statement) {
        return !spoiled.isEmpty() && spoiled.remove(statement);
    }

    public void clear() {
        names.clear();
        spoiled.clear();
    }

    public int size() {
        return names.size();
    }

    /** Takes out the least recently used statement if there are too many, and gives its name to be closed. */
    public byte @Nullable [] surplus() {
        if (names.size() <= capacity) return null;
        return names.pollFirstEntry().getValue();
    }
}
