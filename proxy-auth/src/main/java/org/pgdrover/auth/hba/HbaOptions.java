package org.pgdrover.auth.hba;

import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.ldap.LdapSettings;
import org.pgdrover.auth.oauth.OAuthSettings;

/// The options behind a rule's method (PostgreSQL manual, section 20.1).
///
/// @param clientCert whether the client must have shown a certificate, whatever the method
/// @param clientName what of a certificate names the user
/// @param map name of the user name map in `pg_ident.conf`; null means that the names must be equal
/// @param ldap only of method ldap
/// @param oauth only of method oauth
public record HbaOptions(
        ClientCert clientCert,
        ClientName clientName,
        @Nullable String map,
        @Nullable LdapSettings ldap,
        @Nullable OAuthSettings oauth) {
    public static final HbaOptions NONE = new HbaOptions(ClientCert.NOT_ASKED, ClientName.CN, null, null, null);

    public enum ClientCert {
        NOT_ASKED,
        /// From an authority that we trust.
        VERIFY_CA,
        /// And with the user's name in it.
        VERIFY_FULL
    }

    public enum ClientName {
        /// The common name.
        CN,
        /// The whole distinguished name, as RFC 2253 spells it.
        DN
    }

    /// As a rule spells them; without passwords.
    List<String> words() {
        var options = new LinkedHashMap<String, String>();
        switch (clientCert) {
            case NOT_ASKED -> {}
            case VERIFY_CA -> options.put("clientcert", "verify-ca");
            case VERIFY_FULL -> options.put("clientcert", "verify-full");
        }
        if (clientName == ClientName.DN) options.put("clientname", "DN");
        if (map != null) options.put("map", map);
        if (ldap != null) options.putAll(ldap.options());
        if (oauth != null) options.putAll(oauth.options());
        return options.entrySet().stream()
                .map(option -> option.getKey() + "=" + Word.spelled(option.getValue()))
                .toList();
    }
}
