package org.pgdrover.auth.hba;

import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPURL;
import com.unboundid.ldap.sdk.SearchScope;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.ldap.LdapSettings;

/// Gathers the options of a rule with method ldap, and checks that they go together.
final class LdapOptions {
    private static final int MOST_PORT = 65535;
    private static final int LDAP_PORT = 389;
    private static final int LDAPS_PORT = 636;
    private static final String USER_NAME = "$username";

    private String server = "";
    private int port;
    private LdapSettings.Scheme scheme = LdapSettings.Scheme.LDAP;
    private boolean startTls;
    private @Nullable String prefix;
    private @Nullable String suffix;
    private @Nullable String baseDn;
    private @Nullable String bindDn;
    private @Nullable String bindPassword;
    private @Nullable String searchAttribute;
    private @Nullable String searchFilter;
    private LdapSettings.Scope scope = LdapSettings.Scope.SUB;

    /// Whether it was an option of LDAP.
    boolean set(String name, String value) throws Unusable {
        switch (name) {
            case "ldapurl" -> url(value);
            case "ldapserver" -> server = value;
            case "ldapport" -> port = port(value);
            case "ldapscheme" -> scheme = scheme(name, value);
            case "ldaptls" -> startTls = HbaOptionParser.flag(name, value);
            case "ldapprefix" -> prefix = value;
            case "ldapsuffix" -> suffix = value;
            case "ldapbasedn" -> baseDn = value;
            case "ldapbinddn" -> bindDn = value;
            case "ldapbindpasswd" -> bindPassword = value;
            case "ldapsearchattribute" -> searchAttribute = value;
            case "ldapsearchfilter" -> searchFilter = value;
            default -> {
                return false;
            }
        }
        return true;
    }

    private void url(String text) throws Unusable {
        LDAPURL url;
        try {
            url = new LDAPURL(text);
        } catch (LDAPException malformed) {
            throw new Unusable("ldapurl=" + text + " is no LDAP URL: " + malformed.getMessage());
        }
        scheme = scheme("ldapurl", url.getScheme());
        var host = url.getHost();
        if (host != null) server = host;
        port = url.portProvided() ? url.getPort() : 0;
        baseDn = url.getBaseDN().toString();
        if (url.attributesProvided()) searchAttribute = url.getAttributes()[0];
        scope = scope(text, url.getScope());
        if (url.filterProvided()) searchFilter = url.getFilter().toString();
    }

    /// Without one in the URL it is the base alone (RFC 4516, section 2), which is hardly ever meant.
    private static LdapSettings.Scope scope(String url, SearchScope scope) throws Unusable {
        if (scope.equals(SearchScope.BASE)) return LdapSettings.Scope.BASE;
        if (scope.equals(SearchScope.ONE)) return LdapSettings.Scope.ONE;
        if (scope.equals(SearchScope.SUB)) return LdapSettings.Scope.SUB;
        throw new Unusable("ldapurl=" + url + ": scope " + scope.getName() + " (expected: base, one or sub)");
    }

    private static int port(String value) throws Unusable {
        boolean isNumber = value.matches("[0-9]{1,5}");
        if (!isNumber || Integer.parseInt(value) < 1 || Integer.parseInt(value) > MOST_PORT)
            throw new Unusable("ldapport=" + value + " (expected: 1 to " + MOST_PORT + ")");
        return Integer.parseInt(value);
    }

    private static LdapSettings.Scheme scheme(String option, String value) throws Unusable {
        return switch (value) {
            case "ldap" -> LdapSettings.Scheme.LDAP;
            case "ldaps" -> LdapSettings.Scheme.LDAPS;
            default -> throw new Unusable(option + ": scheme " + value + " (expected: ldap or ldaps)");
        };
    }

    LdapSettings settings() throws Unusable {
        var hosts =
                Arrays.stream(server.split(" ")).filter(host -> !host.isEmpty()).toList();
        check(hosts);
        int standardPort = scheme == LdapSettings.Scheme.LDAPS ? LDAPS_PORT : LDAP_PORT;
        return new LdapSettings(
                hosts,
                port == 0 ? standardPort : port,
                scheme,
                startTls,
                prefix == null ? "" : prefix,
                suffix == null ? "" : suffix,
                baseDn,
                bindDn,
                bindPassword,
                searchAttribute == null ? "uid" : searchAttribute,
                searchFilter,
                scope);
    }

    private void check(List<String> hosts) throws Unusable {
        if (hosts.isEmpty()) throw new Unusable("method ldap needs ldapserver (or a host in ldapurl): add it");
        boolean simple = prefix != null || suffix != null;
        boolean search = baseDn != null
                || bindDn != null
                || bindPassword != null
                || searchAttribute != null
                || searchFilter != null;
        if (simple && search)
            throw new Unusable(
                    "options of simple bind (ldapprefix, ldapsuffix) and of search+bind (ldapbasedn, ldapbinddn,"
                            + " ldapbindpasswd, ldapsearchattribute, ldapsearchfilter, ldapurl) do not go together: keep one kind");
        if (!simple && baseDn == null)
            throw new Unusable("method ldap needs ldapbasedn, ldapprefix or ldapsuffix: add one");
        if (searchAttribute != null && searchFilter != null)
            throw new Unusable("ldapsearchattribute and ldapsearchfilter do not go together: keep one");
        if (searchFilter != null && !searchFilter.contains(USER_NAME))
            throw new Unusable("ldapsearchfilter=" + searchFilter + " would find the same entry for every user: write "
                    + USER_NAME + " where the name belongs");
        if (searchFilter != null && !isFilter(searchFilter))
            throw new Unusable(
                    "ldapsearchfilter=" + searchFilter + " is no filter (expected: RFC 4515, such as (uid=$username))");
        if (startTls && scheme == LdapSettings.Scheme.LDAPS)
            throw new Unusable("ldaptls=1 asks for TLS within ldaps, which is under TLS already: remove one");
    }

    private static boolean isFilter(String text) {
        try {
            return Filter.create(text) != null;
        } catch (LDAPException malformed) {
            return false;
        }
    }
}
