package org.pgdrover.frontend;

import java.security.SecureRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/** Which client each cancellation key belongs to. */
public final class CancelRegistry {
    private static final int SHORT_SECRET = 4;
    private static final int LONG_SECRET = 32;

    private final SecureRandom random = new SecureRandom();
    private final ConcurrentHashMap<CancelKey, ClientConnection> clients = new ConcurrentHashMap<>();

    /**
     * Makes a key for a client.
     *
     * @param processId the process id to show, or 0 for one of our own
     * @param longSecret whether the client's protocol version knows secrets of more than 4 bytes
     */
    public CancelKey register(ClientConnection client, int processId, boolean longSecret) {
        while (true) {
            var secret = new byte[longSecret ? LONG_SECRET : SHORT_SECRET];
            random.nextBytes(secret);
            int shown = processId != 0 ? processId : 1 + random.nextInt(Integer.MAX_VALUE - 1);
            var key = new CancelKey(shown, secret);
            if (clients.putIfAbsent(key, client) == null) return key;
        }
    }

    public void unregister(CancelKey key) {
        clients.remove(key);
    }

    public @Nullable ClientConnection find(CancelKey key) {
        return clients.get(key);
    }
}
