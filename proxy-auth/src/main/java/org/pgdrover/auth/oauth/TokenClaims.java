package org.pgdrover.auth.oauth;

import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import java.time.Clock;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads what a token whose signature was verified claims, and whether that holds for us, now.
final class TokenClaims extends DefaultJWTClaimsVerifier<SecurityContext> {
    private final Clock clock;

    TokenClaims(String issuer, JwksOptions options) {
        super(
                options.audience().isEmpty() ? null : options.audience(),
                new JWTClaimsSet.Builder().issuer(issuer).build(),
                Set.of("exp", options.identityClaim()),
                Set.of());
        clock = options.clock();
        setMaxClockSkew(Math.toIntExact(options.leeway().toSeconds()));
    }

    @Override
    protected Date currentTime() {
        return Date.from(clock.instant());
    }

    /// The scopes of RFC 8693's `scope`, a text, and of `scp`, which issuers used before it; either may
    /// be an array too.
    static Set<String> scopes(JWTClaimsSet claims) {
        var scopes = new HashSet<String>();
        for (var name : List.of("scope", "scp")) words(claims.getClaim(name)).forEach(scopes::add);
        return scopes;
    }

    private static Stream<String> words(@Nullable Object claim) {
        return switch (claim) {
            case String text -> words(text);
            case Collection<?> array ->
                array.stream().filter(String.class::isInstance).map(String.class::cast);
            case null, default -> Stream.of();
        };
    }

    static Stream<String> words(String text) {
        return Arrays.stream(text.split(" ")).filter(word -> !word.isEmpty());
    }
}
