package org.pgdrover.auth.oauth;

/// Judges bearer tokens; thread-safe.
@FunctionalInterface
public interface TokenValidator {
    /// Blocks for as long as the authorization server takes to answer: not for an event loop.
    TokenVerdict validate(OAuthSettings settings, String token);
}
