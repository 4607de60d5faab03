package org.pgdrover.auth;

/** How a client proves who it is (PostgreSQL manual, section 21.3). */
public enum AuthenticationMethod {
    TRUST("trust"),
    REJECT("reject"),
    SCRAM_SHA_256("scram-sha-256"),
    /** An MD5 exchange, or SCRAM for a user whose stored password is a SCRAM verifier. */
    MD5("md5"),
    /** The password in clear text. */
    PASSWORD("password");

    private final String label;

    AuthenticationMethod(String label) {
        this.label = label;
    }

    /** As <code>pool_hba.conf</code> spells it. */
    public String label() {
        return label;
    }
}
