package org.pgdrover.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The prepared statements that exist on one server connection, the least recently used first.
///
/// Keys and shapes are of the caller's choosing: a key tells statements apart, a shape tells what the
/// server has said of one.
///
/// What is sent counts at once: a Parse adds a statement, a Close takes it out. The answers come later,
/// and the server may discard both. So a statement knows which one was to be closed before it, and that
/// one comes back if neither is carried out.
public final class ServerStatements {
    /// One prepared statement on the server.
    public static final class Prepared {
        private final Object key;
        private final byte[] name;
        private final Object shape;
        private final long number;
        /// The older one of its key, until the server has closed it.
        private @Nullable Prepared before;
        private State state = State.THERE;

        private enum State {
            /// There, or to be there.
            THERE,
            /// The server has discarded its Parse.
            NEVER,
            GONE
        }

        private Prepared(Object key, byte[] name, Object shape, long number, @Nullable Prepared before) {
            this.key = key;
            this.name = name;
            this.shape = shape;
            this.number = number;
            this.before = before;
        }

        /// By which it is found.
        public Object key() {
            return key;
        }

        /// Under which the server knows it.
        public byte[] name() {
            return name;
        }

        /// What was said of it when it was parsed.
        public Object shape() {
            return shape;
        }

        private void gone() {
            state = State.GONE;
            before = null;
        }
    }

    private final LinkedHashMap<Object, Prepared> statements = new LinkedHashMap<>(16, 0.75f, true);
    /// Those whose Close was sent, and no Parse of the same key behind it.
    private final Map<Object, Prepared> leaving = new HashMap<>();
    private final int capacity;
    private long sent;

    /// @param capacity beyond this the least recently used should be closed, see [#closeSurplus()]
    public ServerStatements(int capacity) {
        this.capacity = capacity;
    }

    /// The statement if it is there, or will be when the server has worked through what was sent.
    public @Nullable Prepared find(Object key) {
        return statements.get(key);
    }

    /// Whether the statement may be there: also one whose Close the server may still discard.
    public boolean mayBeThere(Object key) {
        return statements.containsKey(key) || leaving.containsKey(key);
    }

    /// Every statement, by its key.
    public Iterable<Prepared> all() {
        return statements.values();
    }

    /// The number of the statement that was sent last.
    public long sent() {
        return sent;
    }

    // What is sent

    /// A Parse was sent.
    public void add(Object key, byte[] name, Object shape) {
        statements.put(key, new Prepared(key, name, shape, ++sent, leaving.remove(key)));
    }

    /// Takes out a statement that is there, or may be, so that it can be closed.
    public @Nullable Prepared close(Object key) {
        var there = statements.remove(key);
        if (there == null) return leaving.get(key);
        leaving.put(key, there);
        return there;
    }

    /// Takes out all of them, so that they can be closed.
    ///
    /// @param stays whether the statement of a key is left there
    public List<Prepared> closeAll(Predicate<Object> stays) {
        var all = new ArrayList<Prepared>();
        for (var each : statements.values()) if (!stays.test(each.key)) all.add(each);
        for (var each : all) {
            leaving.put(each.key, each);
            statements.remove(each.key);
        }
        return all;
    }

    /// Takes out the least recently used statement if there are too many, so that it can be closed.
    public @Nullable Prepared closeSurplus() {
        if (statements.size() <= capacity) return null;
        var surplus = statements.pollFirstEntry().getValue();
        leaving.put(surplus.key, surplus);
        return surplus;
    }

    // What is answered

    /// The server has closed it, or an older one that is still there because this one never was.
    public void closed(Prepared statement) {
        leaving.remove(statement.key, statement);
        var now = statements.get(statement.key);
        if (now != null && now.before == statement) now.before = null;
        for (@Nullable Prepared each = statement; each != null; ) {
            if (each == now) statements.remove(each.key);
            var before = each.before;
            each.gone();
            each = before;
        }
    }

    /// The server has discarded the Close of it.
    public void closeDiscarded(Prepared statement) {
        // Else something was sent behind the Close whose answer decides.
        if (leaving.remove(statement.key, statement)) put(statement.key, statement);
    }

    /// The server has discarded or refused the Parse that was to bring a statement of this shape.
    public void parseDiscarded(Object key, Object shape) {
        var now = statements.get(key);
        for (var each = now != null ? now : leaving.get(key); each != null; each = each.before) {
            if (each.shape != shape) continue;
            each.state = Prepared.State.NEVER;
            if (each == now) put(key, now);
            return;
        }
    }

    private void put(Object key, Prepared statement) {
        @Nullable Prepared there = statement;
        while (there != null && there.state == Prepared.State.NEVER) there = there.before;
        if (there == null || there.state == Prepared.State.GONE) statements.remove(key);
        else statements.put(key, there);
    }

    /// It is known to be gone.
    public @Nullable Prepared remove(Object key) {
        var gone = statements.remove(key);
        if (gone != null) gone.gone();
        return gone;
    }

    /// All are known to be gone.
    public void clear() {
        clearUpTo(sent);
    }

    /// Forgets those that were sent by then: what was sent behind a DEALLOCATE ALL is there when that
    /// has been answered.
    public void clearUpTo(long number) {
        clearUpTo(number, statements);
        clearUpTo(number, leaving);
    }

    private static void clearUpTo(long number, Map<Object, Prepared> statements) {
        statements.values().removeIf(each -> {
            if (each.number <= number) each.gone();
            else if (each.before != null && each.before.number <= number) each.before = null;
            return each.number <= number;
        });
    }
}
