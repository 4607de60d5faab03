package org.pgdrover.auth.oauth;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.CachingJWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.jwk.source.RateLimitedJWKSetSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Keeps an issuer's keys for a while. Asks for them again when a token names a key that is not among
/// them.
///
/// Tokens come from anybody, so asking is limited to twice an interval.
final class IssuerKeys implements JWKSource<SecurityContext> {
    static final Duration INTERVAL = Duration.ofSeconds(10);

    private final JWKSetSource<SecurityContext> kept;
    private final JwksOptions options;

    IssuerKeys(JWKSetSource<SecurityContext> issuer, JwksOptions options) {
        this.options = options;
        var limited = new RateLimitedJWKSetSource<>(issuer, INTERVAL.toMillis(), null);
        // Who waits while another asks, waits for two documents.
        var patience = options.timeout().multipliedBy(2).toMillis();
        kept = new CachingJWKSetSource<>(limited, options.keyLife().toMillis(), patience, null);
    }

    @Override
    public List<JWK> get(JWKSelector selector, @Nullable SecurityContext context) throws KeySourceException {
        long now = options.clock().millis();
        var known = kept.getJWKSet(JWKSetCacheRefreshEvaluator.noRefresh(), now, context);
        var selected = selector.select(known);
        if (!selected.isEmpty()) return selected;
        try {
            var renewed = kept.getJWKSet(JWKSetCacheRefreshEvaluator.referenceComparison(known), now, context);
            return selector.select(renewed);
        } catch (RateLimitReachedException _) {
            return List.of();
        }
    }
}
