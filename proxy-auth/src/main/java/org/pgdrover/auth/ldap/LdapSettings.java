package org.pgdrover.auth.ldap;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options of a rule with method `ldap` (PostgreSQL manual, section 20.10).
///
/// With a base DN the user is searched for and then bound; without one the name to bind is prefix, user
/// and suffix.
///
/// @param hosts tried in this order; at least one
/// @param port 389, or 636 for [Scheme#LDAPS], unless said otherwise
/// @param startTls whether TLS is asked for within the protocol (RFC 4513); not with [Scheme#LDAPS]
/// @param searchFilter with $username in it; null means that `searchAttribute` must equal the user's
/// name
public record LdapSettings(
        List<String> hosts,
        int port,
        Scheme scheme,
        boolean startTls,
        String prefix,
        String suffix,
        @Nullable String baseDn,
        @Nullable String bindDn,
        @Nullable String bindPassword,
        String searchAttribute,
        @Nullable String searchFilter,
        Scope scope) {
    public enum Scheme {
        LDAP,
        LDAPS
    }

    /// How deep the search goes (RFC 4511, section 4.5.1.2).
    public enum Scope {
        BASE,
        ONE,
        SUB
    }

    public LdapSettings {
        hosts = List.copyOf(hosts);
        if (hosts.isEmpty()) throw new IllegalArgumentException("hosts: none (expected: at least one)");
    }

    /// As the options of a rule; the password is not told.
    public Map<String, String> options() {
        var options = new LinkedHashMap<String, String>();
        options.put("ldapserver", String.join(" ", hosts));
        options.put("ldapport", Integer.toString(port));
        options.put("ldapscheme", scheme.name().toLowerCase(Locale.ROOT));
        if (startTls) options.put("ldaptls", "1");
        if (baseDn == null) {
            options.put("ldapprefix", prefix);
            options.put("ldapsuffix", suffix);
            return options;
        }
        options.put("ldapbasedn", baseDn);
        if (bindDn != null) options.put("ldapbinddn", bindDn);
        if (bindPassword != null) options.put("ldapbindpasswd", "***");
        if (searchFilter == null) options.put("ldapsearchattribute", searchAttribute);
        else options.put("ldapsearchfilter", searchFilter);
        options.put("ldapscope", scope.name().toLowerCase(Locale.ROOT));
        return options;
    }

    @Override
    public String toString() {
        return "LdapSettings[" + scheme + " " + hosts + ":" + port + (startTls ? " StartTLS" : "") + "]";
    }
}
