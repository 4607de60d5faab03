package org.pgdrover.tls;

import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/// The keys with which BoringSSL encrypts session tickets. A new one comes every hour, so that a key
/// that is stolen from memory opens little. The one before still opens tickets, so that none fails
/// earlier than it should.
///
/// Shared by all event loops; whoever finds the key too old renews it.
final class TicketKeys {
    static final long LIFETIME_SECONDS = 3600;

    private final OpenSslSessionContext sessions;
    private final SecureRandom random = new SecureRandom();
    private final LongSupplier clock;
    private final AtomicLong renewed;
    private OpenSslSessionTicketKey current;

    /// @param clock nanoseconds, as of [System#nanoTime()]
    TicketKeys(OpenSslSessionContext sessions, LongSupplier clock) {
        this.sessions = sessions;
        this.clock = clock;
        this.renewed = new AtomicLong(clock.getAsLong());
        this.current = newKey();
        sessions.setTicketKeys(current);
    }

    void renewIfOld() {
        long last = renewed.get();
        long now = clock.getAsLong();
        if (now - last < TimeUnit.SECONDS.toNanos(LIFETIME_SECONDS)) return;
        if (renewed.compareAndSet(last, now)) renew();
    }

    private synchronized void renew() {
        var previous = current;
        current = newKey();
        sessions.setTicketKeys(current, previous);
    }

    private OpenSslSessionTicketKey newKey() {
        return new OpenSslSessionTicketKey(
                bytes(OpenSslSessionTicketKey.NAME_SIZE),
                bytes(OpenSslSessionTicketKey.HMAC_KEY_SIZE),
                bytes(OpenSslSessionTicketKey.AES_KEY_SIZE));
    }

    private byte[] bytes(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
