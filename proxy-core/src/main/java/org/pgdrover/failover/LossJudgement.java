package org.pgdrover.failover;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.NodeHealth;
import org.pgdrover.cluster.ProbeFailure;
import org.pgdrover.cluster.WalReceiver;
import org.pgdrover.config.HealthConfig;

/// Decides whether a primary that does not serve us is lost, hearing its standbys before it says yes.
///
/// A standby whose WAL receiver still streams vouches for the primary: then the trouble is ours. Its
/// word lasts as long as the sender could be silent and alive: the receiver asks for a sign of life
/// after half of `wal_receiver_timeout`, so a longer silence is that of a dead sender.
record LossJudgement(HealthConfig settings) {
    private static final long REPLY_MILLIS = 1000;

    /// Why the primary's own probes do not yet prove that it cannot serve, or nothing if they do.
    Optional<String> tooSoon(NodeHealth primary, long nowNanos) {
        var failure = primary.failure();
        if (failure == null) return Optional.of("it answers");
        var enough = switch (failure.kind()) {
            case REFUSED, LOST, NO_ANSWER -> primary.repeated() >= settings.failures();
            case NOT_READY ->
                nowNanos - primary.failingSinceNanos() >= patience().toNanos();
            case REJECTED -> false;
        };
        if (enough) return Optional.empty();
        return Optional.of(failure.kind() + ", " + primary.repeated() + " times in a row (health.failures: "
                + settings.failures() + "): " + failure);
    }

    /// Why the standbys' word keeps us from acting, or nothing if it does not; all have been asked just
    /// now.
    Optional<String> objection(PrimaryMemory lost, NodeHealth primary, List<NodeHealth> others) {
        for (var each : others) {
            var receiver = receiver(each);
            if (receiver != null && receiver.streaming() && mayReceiveFrom(lost, receiver, others)) {
                var word = vouches(each, primary, receiver);
                if (word.isPresent()) return word;
            }
        }
        return quorum(lost, primary, others);
    }

    /// A primary that recovers from a crash by itself gets as long as one that is silent.
    private Duration patience() {
        return settings.interval().multipliedBy(settings.failures());
    }

    private static @Nullable WalReceiver receiver(NodeHealth health) {
        return health.failure() == null && health.report() != null
                ? health.report().receiver()
                : null;
    }

    /// A standby of a standby cannot tell; one that knows its sender by an address that we do not know
    /// may well mean the primary.
    private static boolean mayReceiveFrom(PrimaryMemory lost, WalReceiver receiver, List<NodeHealth> others) {
        return receiver.receivesFrom(lost.node())
                || others.stream().noneMatch(other -> receiver.receivesFrom(other.node()));
    }

    private static Optional<String> vouches(NodeHealth standby, NodeHealth primary, WalReceiver receiver) {
        var limit = receiver.timeoutMillis() == 0 ? Long.MAX_VALUE : receiver.timeoutMillis() / 2 + REPLY_MILLIS;
        if (receiver.silentMillis() > limit) return Optional.empty();
        var silent = seconds(Math.max(0, receiver.silentMillis()));
        if (heardSince(primary, standby, receiver))
            return Optional.of(
                    "it is alive: " + standby.node() + " streams from it and heard from it " + silent + " ago");
        return Optional.of(standby.node() + " still holds its replication connection, silent for " + silent
                + "; a sender that is silent for " + (limit == Long.MAX_VALUE ? "any time" : seconds(limit))
                + " counts as dead (half of wal_receiver_timeout and 1 s)");
    }

    private static boolean heardSince(NodeHealth primary, NodeHealth standby, WalReceiver receiver) {
        if (receiver.silentMillis() < 0 || standby.report() == null) return false;
        var heard = standby.report().startedNanos() - TimeUnit.MILLISECONDS.toNanos(receiver.silentMillis());
        return heard - primary.failingSinceNanos() > 0;
    }

    /// Silence may mean that we are the ones cut off. With two or more standbys most of them must be on
    /// our side; a port that refuses is proof enough, and a lone standby can have no majority.
    private static Optional<String> quorum(PrimaryMemory lost, NodeHealth primary, List<NodeHealth> others) {
        var silent = primary.failure() != null && primary.failure().kind() == ProbeFailure.Kind.NO_ANSWER;
        var followers = lost.followers().size();
        if (!silent || followers < 2) return Optional.empty();
        var reached = others.stream()
                .filter(other -> lost.followers().contains(other.node()) && other.failure() == null)
                .count();
        if (reached * 2 > followers) return Optional.empty();
        return Optional.of("it is silent, and so are its standbys: " + reached + " of " + followers
                + " answer (expected: more than half); the network around this proxy may be cut");
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
}
