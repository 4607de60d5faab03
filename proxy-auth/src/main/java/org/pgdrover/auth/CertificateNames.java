package org.pgdrover.auth;

import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import javax.naming.NamingException;
import javax.naming.ldap.LdapName;
import javax.security.auth.x500.X500Principal;

/// The names of a certificate's subject, as rules and user name maps ask for them (PostgreSQL manual,
/// section 20.12).
public final class CertificateNames {
    private static final Map<String, String> KEYWORDS = Map.of("1.2.840.113549.1.9.1", "emailAddress");

    private CertificateNames() {}

    /// The first common name; empty if there is none, or one that a NUL makes ambiguous.
    public static Optional<String> commonName(X509Certificate certificate) {
        try {
            var rdns = new LdapName(distinguishedName(certificate)).getRdns();
            // The name begins with its last part: the first common name of the certificate has the lowest index.
            for (var rdn : rdns) {
                var value = rdn.toAttributes().get("CN");
                if (value != null && value.get() instanceof String name)
                    return name.isEmpty() || name.indexOf('\0') >= 0 ? Optional.empty() : Optional.of(name);
            }
            return Optional.empty();
        } catch (NamingException unreadable) {
            return Optional.empty();
        }
    }

    /// The whole name in the form of RFC 2253.
    public static String distinguishedName(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName(X500Principal.RFC2253, KEYWORDS);
    }
}
