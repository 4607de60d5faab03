package org.pgdrover.frontend.login;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.CertificateNames;
import org.pgdrover.auth.hba.HbaMatch;
import org.pgdrover.auth.hba.HbaOptions.ClientCert;
import org.pgdrover.auth.hba.HbaOptions.ClientName;
import org.pgdrover.auth.hba.HbaRequest;
import org.pgdrover.auth.hba.HbaRule;
import org.pgdrover.auth.hba.RoleMemberships;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.StartupRequest;

/// A client that wants to be a database user, held against the rules as they were when it came.
final class ClientIdentity {
    static final String ROLES_UNKNOWN =
            "role memberships have not been read from the cluster yet: try again in a moment";

    /// What a certificate, or another system's name, says of the client.
    enum Standing {
        RIGHT,
        MISSING,
        ANOTHERS,
        UNDECIDED
    }

    private final ClientConnection client;
    private final Authentication.Policy policy;
    private final AccessRules rules;
    private final HbaRequest asked;

    ClientIdentity(ClientConnection client, StartupRequest request, Authentication.Policy policy) {
        this.client = client;
        this.policy = policy;
        this.rules = policy.rules().get();
        this.asked = new HbaRequest(
                request.database(),
                request.user(),
                request.replication() == StartupRequest.Replication.PHYSICAL,
                client.address(),
                client.encryption().isOn());
    }

    /// Whether [#match] may wait for the name service.
    boolean mayWait() {
        return asked.address() != null && rules.hba().needHostNames();
    }

    HbaMatch match() {
        return rules.hba().match(asked, policy.roles(), policy.hosts());
    }

    /// Whether the client has shown the certificate that the rule, or the listener's mode, asks for.
    Standing certificate(HbaRule rule) {
        var needed = needed(rule);
        if (needed == ClientCert.NOT_ASKED) return Standing.RIGHT;
        var certificate = client.encryption().peerCertificate();
        if (certificate == null) return Standing.MISSING;
        if (needed == ClientCert.VERIFY_CA) return Standing.RIGHT;
        var name = rule.options().clientName() == ClientName.DN
                ? CertificateNames.distinguishedName(certificate)
                : CertificateNames.commonName(certificate).orElse(null);
        return name == null ? Standing.ANOTHERS : permits(rule, name);
    }

    private ClientCert needed(HbaRule rule) {
        var ofRule = rule.options().clientCert();
        if (asked.address() == null || ofRule == ClientCert.VERIFY_FULL) return ofRule;
        return switch (policy.mode()) {
            case VERIFY_FULL -> ClientCert.VERIFY_FULL;
            case VERIFY_CA -> ClientCert.VERIFY_CA;
            case DISABLE, ALLOW, PREFER, REQUIRE -> ofRule;
        };
    }

    /// Whether somebody whom another system knows by this name may be the user.
    Standing permits(HbaRule rule, String systemName) {
        try {
            boolean may = rules.ident().permits(rule.options().map(), systemName, asked.user(), policy.roles());
            return may ? Standing.RIGHT : Standing.ANOTHERS;
        } catch (RoleMemberships.Unknown unknown) {
            return Standing.UNDECIDED;
        }
    }

    /// As PostgreSQL describes a connection that it refuses.
    String describe() {
        var host = "host \"" + host(asked.address()) + "\", user \"" + asked.user() + "\"";
        var encryption = asked.encrypted() ? "SSL encryption" : "no encryption";
        if (asked.replication()) return "replication connection from " + host + ", " + encryption;
        return host + ", database \"" + asked.database() + "\", " + encryption;
    }

    private static String host(@Nullable InetAddress address) {
        return address == null ? "[local]" : address.getHostAddress();
    }
}
