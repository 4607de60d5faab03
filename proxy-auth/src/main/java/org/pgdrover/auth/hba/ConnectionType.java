package org.pgdrover.auth.hba;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The first field of a rule: how the client must have come (PostgreSQL manual, section 20.1).
public enum ConnectionType {
    LOCAL,
    HOST,
    HOSTSSL,
    HOSTNOSSL,
    /// Under GSSAPI encryption, which the proxy does not offer: matches nothing.
    HOSTGSSENC,
    /// Not under GSSAPI encryption: every TCP/IP connection, under TLS or not.
    HOSTNOGSSENC;

    private final String label = name().toLowerCase(Locale.ROOT);

    static @Nullable ConnectionType of(String word) {
        for (var type : values()) if (type.label.equals(word)) return type;
        return null;
    }

    /// As `pool_hba.conf` spells it.
    public String label() {
        return label;
    }

    boolean matches(HbaRequest request) {
        boolean tcp = request.address() != null;
        return switch (this) {
            case LOCAL -> !tcp;
            case HOST, HOSTNOGSSENC -> tcp;
            case HOSTSSL -> tcp && request.encrypted();
            case HOSTNOSSL -> tcp && !request.encrypted();
            case HOSTGSSENC -> false;
        };
    }
}
