package org.pgdrover.auth.oauth;

import java.util.Set;

/// A validator's findings about a token.
public sealed interface TokenVerdict {
    /// Issued for us, and unexpired.
    ///
    /// @param identity of its bearer, to be compared with the role that is asked for, or mapped to it
    /// @param scopes all that it grants
    record Valid(String identity, Set<String> scopes) implements TokenVerdict {
        public Valid {
            scopes = Set.copyOf(scopes);
        }
    }

    /// @param why for the log; the client is not told
    record Invalid(String why) implements TokenVerdict {}

    /// Nobody could be asked: the token may be good.
    ///
    /// @param why for the log; the client is not told
    record Unavailable(String why) implements TokenVerdict {}
}
