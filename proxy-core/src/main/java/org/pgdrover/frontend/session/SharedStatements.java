package org.pgdrover.frontend.session;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.InitialValues;
import org.pgdrover.backend.SessionSettings;

/// The prepared statements of all clients by what they say. Clients that prepare the same share one name
/// on the servers.
///
/// Clients share a statement if database, user, what their sessions have begun with and all settings are equal
/// on which its meaning can depend: PostgreSQL folds the time zone, DateStyle, search_path and others into a
/// statement when it parses the statement. An entry lives as long as a client or a server connection refers to it.
public final class SharedStatements {
    /// Begins every name that the proxy gives to a statement on a server; clients' own names never reach
    /// pooled servers.
    public static final String PREFIX = "pgdrover_";

    private record Key(
            String database,
            String user,
            InitialValues initial,
            SessionSettings settings,
            byte[] definition,
            int hash) {
        static Key of(
                String database, String user, InitialValues initial, SessionSettings settings, byte[] definition) {
            int hash = 31 * Arrays.hashCode(definition) + settings.hashCode();
            return new Key(database, user, initial, settings, definition, hash);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key that
                    && that.hash == hash
                    && that.database.equals(database)
                    && that.user.equals(user)
                    && Arrays.equals(that.definition, definition)
                    && that.settings.equals(settings)
                    && that.initial.equals(initial);
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

    /// @param initial values with which the session has begun
    /// @param settings with which the statement is parsed
    /// @param definition the rest of the Parse after the name: query and parameter types
    SharedStatement share(
            String database, String user, InitialValues initial, SessionSettings settings, byte[] definition) {
        forget();
        var key = Key.of(database, user, initial, settings.ofMeaning(), definition);
        var entry = entries.get(key);
        var known = entry == null ? null : entry.get();
        if (known != null) return known;
        var fresh = named(key.settings());
        var added = entries.compute(
                key, (_, old) -> old != null && old.get() != null ? old : new Entry(key, fresh, forgotten));
        var winner = added.get();
        return winner == null ? fresh : winner;
    }

    /// A statement that nobody else shares, for it is not known with which settings it is parsed.
    SharedStatement alone() {
        return named(null);
    }

    private SharedStatement named(@Nullable SessionSettings settings) {
        return new SharedStatement((PREFIX + numbers.incrementAndGet()).getBytes(StandardCharsets.US_ASCII), settings);
    }

    private void forget() {
        while (forgotten.poll() instanceof Entry entry) entries.remove(entry.key, entry);
    }
}
