package org.pgdrover.auth.ldap;

/// A directory's answer about a user and a password.
public sealed interface LdapOutcome {
    /// @param identity the distinguished name, or whatever name the directory has let bind
    record Accepted(String identity) implements LdapOutcome {}

    /// @param why for the log; the client is not told
    record Denied(String why) implements LdapOutcome {}

    /// No directory gave an answer that counts: the password may be right.
    ///
    /// @param why for the log; the client is not told
    record Unavailable(String why) implements LdapOutcome {}
}
