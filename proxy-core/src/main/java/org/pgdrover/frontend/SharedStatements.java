package org.pgdrover.frontend;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The prepared statements of all clients by what they say, so that clients that prepare the same share one name on the servers.
 *
 * <p>An entry lives as long as a client or a server connection refers to it.
 */
final class SharedStatements {
    /** Begins every name that the proxy gives to a statement on a server; clients' own names never reach pooled servers. */
    static final String PREFIX = "pgdrover_";

    /** One text with its parameter types, under the name it has on every pooled server connection that knows it. */
    static final class SharedStatement {
        private final byte[] name;
        private final byte[] definition;
        private volatile boolean accepted;

        private SharedStatement(byte[] name, byte[] definition) {
            this.name = name;
            this.definition = definition;
        }

        byte[] name() {
            return name;
        }

        /** The rest of a Parse after the name: query and parameter types. */
        byte[] definition() {
            return definition;
        }

        /** Whether a server has accepted it for this database and user, so that the next Parse of it needs no server. */
        boolean isAccepted() {
            return accepted;
        }

        void accept() {
            if (!accepted) accepted = true;
        }
    }

    private record Key(String database, String user, byte[] definition, int hash) {
        static Key of(String database, String user, byte[] definition) {
            return new Key(database, user, definition, Arrays.hashCode(definition));
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key that
                    && that.hash == hash
                    && that.database.equals(database)
                    && that.user.equals(user)
                    && Arrays.equals(that.definition, definition);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private static final class Entry extends WeakReference<SharedStatement> {
        private final Key key;

        Entry(Key key, SharedStatement statement, ReferenceQueue<SharedStatement> queue) {
            super(statement, queue);
            this.key = key;
        }
    }

    private final AtomicLong numbers = new AtomicLong();
    private final ConcurrentHashMap<Key, Entry> entries = new ConcurrentHashMap<>();
    private final ReferenceQueue<SharedStatement> forgotten = new ReferenceQueue<>();

    SharedStatement share(String database, String user, byte[] definition) {
        forget();
        var key = Key.of(database, user, definition);
        while (true) {
            var entry = entries.get(key);
            var known = entry == null ? null : entry.get();
            if (known != null) return known;
            var fresh = new SharedStatement(
                    (PREFIX + numbers.incrementAndGet()).getBytes(StandardCharsets.US_ASCII), definition);
            var added = entries.compute(
                    key, (_, old) -> old != null && old.get() != null ? old : new Entry(key, fresh, forgotten));
            var winner = added.get();
            if (winner != null) return winner;
        }
    }

    private void forget() {
        for (var gone = poll(); gone != null; gone = poll()) entries.remove(gone.key, gone);
    }

    private @Nullable Entry poll() {
        return (Entry) forgotten.poll();
    }
}
