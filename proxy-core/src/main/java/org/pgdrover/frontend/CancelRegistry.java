package org.pgdrover.frontend;

import java.security.SecureRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// The cancellation keys of all clients, each with a process id that no other client is shown;
/// thread-safe.
public final class CancelRegistry {
    private static final int SHORT_SECRET = 4;
    private static final int LONG_SECRET = 32;
    /// No operating system gives a process a higher id: one of ours is no server's.
    private static final int MOST_OF_SYSTEMS = 1 << 22;

    private record Holder(CancelKey key, ClientConnection client) {}

    private final SecureRandom random = new SecureRandom();
    private final ConcurrentHashMap<Integer, Holder> holders = new ConcurrentHashMap<>();

    /// Makes a key for a client, which is its own for as long as it stays.
    ///
    /// @param processId the process id to show if no other client is shown it, or 0 for one of our own
    /// @param longSecret whether the client's protocol version knows secrets of more than 4 bytes
    public CancelKey register(ClientConnection client, int processId, boolean longSecret) {
        var secret = new byte[longSecret ? LONG_SECRET : SHORT_SECRET];
        random.nextBytes(secret);
        int shown = processId == 0 ? ownProcessId() : processId;
        while (true) {
            var key = new CancelKey(shown, secret);
            if (holders.putIfAbsent(shown, new Holder(key, client)) == null) return key;
            shown = ownProcessId();
        }
    }

    private int ownProcessId() {
        return random.nextInt(MOST_OF_SYSTEMS + 1, Integer.MAX_VALUE);
    }

    public void unregister(CancelKey key) {
        holders.computeIfPresent(key.processId(), (_, holder) -> holder.key().equals(key) ? null : holder);
    }

    /// The client that the whole key belongs to, or null.
    public @Nullable ClientConnection find(CancelKey key) {
        var holder = holders.get(key.processId());
        return holder != null && holder.key().equals(key) ? holder.client() : null;
    }
}
