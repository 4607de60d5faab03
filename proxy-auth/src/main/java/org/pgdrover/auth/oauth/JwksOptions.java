package org.pgdrover.auth.oauth;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The demands of [JwksTokenValidator] on tokens beside issuer and scope, and its ways to get keys.
///
/// @param audience one of these must be among the token's audience; empty means that any audience will
/// do
/// @param identityClaim of the token, that names its bearer
/// @param caFile authorities that sign the certificates of issuers; null means those that Java trusts
/// @param timeout for each document that is fetched; there are two, the second one named by the first
/// @param keyLife how long keys are believed without asking the issuer again
/// @param leeway by which the issuer's clock and ours may differ
public record JwksOptions(
        Set<String> audience,
        String identityClaim,
        @Nullable Path caFile,
        Clock clock,
        Duration timeout,
        Duration keyLife,
        Duration leeway) {
    public static final JwksOptions DEFAULTS = new JwksOptions(
            Set.of(),
            "sub",
            null,
            Clock.systemUTC(),
            Duration.ofSeconds(5),
            Duration.ofMinutes(5),
            Duration.ofSeconds(30));

    public JwksOptions {
        audience = Set.copyOf(audience);
        if (identityClaim.isBlank()) throw new IllegalArgumentException("identity claim: none (expected: its name)");
        if (!timeout.isPositive()) throw new IllegalArgumentException("timeout: " + timeout + " (expected: > 0)");
        if (!keyLife.isPositive()) throw new IllegalArgumentException("key life: " + keyLife + " (expected: > 0)");
        if (leeway.isNegative()) throw new IllegalArgumentException("leeway: " + leeway + " (expected: >= 0)");
    }
}
