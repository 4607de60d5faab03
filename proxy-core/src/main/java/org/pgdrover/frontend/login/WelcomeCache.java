package org.pgdrover.frontend.login;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;

/// The reports of servers at the beginning of a session. With them most logins need no server
/// connection.
///
/// Entries are kept for ten seconds, and less when [SessionDefaults] sees that sessions begin with
/// something else.
public final class WelcomeCache {
    private static final long KEEP_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int MOST = 1_000;

    /// Sessions that begin alike.
    record Key(String database, String user, SessionSettings settings) {}

    private record Welcome(Map<String, String> parameters, long at) {}

    private final LongSupplier clock;
    private final ConcurrentHashMap<Key, Welcome> welcomes = new ConcurrentHashMap<>();
    private final AtomicInteger generation = new AtomicInteger();

    public WelcomeCache(LongSupplier clock) {
        this.clock = clock;
    }

    /// The parameters that such a session begins with, or null if they must be asked for.
    @Nullable
    Map<String, String> find(Key key) {
        var welcome = welcomes.get(key);
        if (welcome == null || clock.getAsLong() - welcome.at() > KEEP_NANOS) return null;
        return welcome.parameters();
    }

    /// Changes whenever everything is forgotten.
    int generation() {
        return generation.get();
    }

    void forget() {
        generation.incrementAndGet();
        welcomes.clear();
    }

    /// @param asked the generation when the server was asked for: what it says may have been overtaken
    /// since
    void put(Key key, Map<String, String> parameters, int asked) {
        if (asked != generation.get()) return;
        if (welcomes.size() >= MOST) welcomes.clear();
        var welcome = new Welcome(Map.copyOf(new LinkedHashMap<>(parameters)), clock.getAsLong());
        welcomes.put(key, welcome);
        if (asked != generation.get()) welcomes.remove(key, welcome);
    }
}
