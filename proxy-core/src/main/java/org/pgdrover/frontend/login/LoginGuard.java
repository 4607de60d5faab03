package org.pgdrover.frontend.login;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.AuthConfig.LoginLimits;

/// Keeps strangers from taking more than their share. It counts the connections of each address and
/// those that have not logged in, and lets whoever fails to log in wait longer each time.
///
/// An IPv6 address counts with all of its /64, which one machine can have to itself. Unix-domain sockets
/// have no address: only logins under way are counted of them. Thread-safe.
public final class LoginGuard {
    /// Failures are forgotten when an address has had none for so long.
    private static final long FORGET_NANOS = Duration.ofMinutes(10).toNanos();

    private static final int MOST_FAILING = 100_000;

    private static final class Failures {
        int count;
        long lastNanos;
    }

    private final LoginLimits limits;
    private final int maxClients;
    private final LongSupplier clock;
    private final Map<ByteBuffer, Integer> connections = new LinkedHashMap<>();
    private final Map<ByteBuffer, Failures> failing = new LinkedHashMap<>(16, 0.75f, true);
    private int open;
    private int loggingIn;

    /// @param maxClients most connections at all
    /// @param clock nanoseconds
    public LoginGuard(LoginLimits limits, int maxClients, LongSupplier clock) {
        this.maxClients = maxClients;
        this.limits = limits;
        this.clock = clock;
    }

    /// What a new connection may do.
    enum Admission {
        WELCOME,
        TOO_MANY_LOGINS,
        TOO_MANY_OF_ADDRESS
    }

    /// A connection has come; every one must be reported with [#left], welcome or not.
    synchronized Admission arrived(@Nullable InetAddress address) {
        open++;
        loggingIn++;
        int ofAddress = address == null ? 0 : connections.merge(key(address), 1, Integer::sum);
        if (loggingIn > limits.maxLogins()) return Admission.TOO_MANY_LOGINS;
        if (limits.maxClientsPerAddress() > 0 && ofAddress > limits.maxClientsPerAddress())
            return Admission.TOO_MANY_OF_ADDRESS;
        return Admission.WELCOME;
    }

    /// A connection has logged in: whatever failed from its address before is forgiven.
    synchronized void loggedIn(@Nullable InetAddress address) {
        loggingIn--;
        if (address != null) failing.remove(key(address));
    }

    /// @param loggedIn whether it had logged in
    synchronized void left(@Nullable InetAddress address, boolean loggedIn) {
        open--;
        if (!loggedIn) loggingIn--;
        if (address != null) connections.computeIfPresent(key(address), (same, count) -> count == 1 ? null : count - 1);
    }

    /// A proof of identity was wrong: how long the answer is to be kept back.
    synchronized Duration failed(@Nullable InetAddress address) {
        if (address == null) return limits.failureDelay();
        var failures = failing.computeIfAbsent(key(address), fresh -> new Failures());
        long now = clock.getAsLong();
        if (failures.count > 0 && now - failures.lastNanos > FORGET_NANOS) failures.count = 0;
        failures.lastNanos = now;
        int doublings = Math.min(failures.count++, 30);
        if (failing.size() > MOST_FAILING)
            failing.remove(failing.keySet().iterator().next());
        var delay = limits.failureDelay().multipliedBy(1L << doublings);
        return delay.compareTo(limits.maxFailureDelay()) > 0 ? limits.maxFailureDelay() : delay;
    }

    /// Whether there are no more connections than there may be at all.
    synchronized boolean hasRoom() {
        return open <= maxClients;
    }

    int maxClients() {
        return maxClients;
    }

    /// Connections that have not logged in yet.
    synchronized int loggingIn() {
        return loggingIn;
    }

    private static ByteBuffer key(InetAddress address) {
        var bytes = address.getAddress();
        return ByteBuffer.wrap(address instanceof Inet6Address ? Arrays.copyOf(bytes, 8) : bytes);
    }
}
