package org.pgdrover.auth;

import java.util.Optional;

/// A way for a client to prove who it is (PostgreSQL manual, section 20.3).
public enum AuthenticationMethod {
    TRUST("trust"),
    REJECT("reject"),
    /// SCRAM; with channel binding too where the connection is under TLS.
    SCRAM_SHA_256("scram-sha-256"),
    /// SCRAM with channel binding, and nothing else.
    SCRAM_SHA_256_PLUS("scram-sha-256-plus"),
    /// An MD5 exchange, or SCRAM for a user whose stored password is a SCRAM verifier.
    MD5("md5"),
    /// The password in clear text.
    PASSWORD("password"),
    /// The password in clear text, for a directory to judge.
    LDAP("ldap"),
    /// The certificate that the client has shown under TLS.
    CERT("cert"),
    /// The operating system's word for who is at the other end of a Unix-domain socket.
    PEER("peer"),
    /// A bearer token (RFC 7628).
    OAUTH("oauth");

    private final String label;

    AuthenticationMethod(String label) {
        this.label = label;
    }

    /// The method that `pool_hba.conf` spells like this; upper and lower case are not the same.
    public static Optional<AuthenticationMethod> of(String label) {
        for (var method : values()) if (method.label.equals(label)) return Optional.of(method);
        return Optional.empty();
    }

    /// As `pool_hba.conf` spells it.
    public String label() {
        return label;
    }
}
