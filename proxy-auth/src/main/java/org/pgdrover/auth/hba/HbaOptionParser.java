package org.pgdrover.auth.hba;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.ldap.LdapSettings;
import org.pgdrover.auth.oauth.OAuthSettings;

/// Reads the options behind a rule's method, name=value each. Checks that each goes with the method and
/// the connection type.
final class HbaOptionParser {
    private static final Set<AuthenticationMethod> WITH_MAP =
            EnumSet.of(AuthenticationMethod.PEER, AuthenticationMethod.CERT, AuthenticationMethod.OAUTH);
    private static final Set<String> OAUTH = Set.of("issuer", "scope", "validator", "delegate_ident_mapping");
    /// Options of methods that we do not have.
    private static final Map<String, String> FOREIGN = Map.ofEntries(
            Map.entry("pamservice", "pam"),
            Map.entry("pam_use_hostname", "pam"),
            Map.entry("krb_realm", "gss and sspi"),
            Map.entry("include_realm", "gss and sspi"),
            Map.entry("compat_realm", "sspi"),
            Map.entry("upn_username", "sspi"),
            Map.entry("radiusservers", "radius"),
            Map.entry("radiussecrets", "radius"),
            Map.entry("radiusports", "radius"),
            Map.entry("radiusidentifiers", "radius"));

    private final ConnectionType type;
    private final AuthenticationMethod method;
    private final LdapOptions ldap = new LdapOptions();
    private HbaOptions.ClientCert clientCert = HbaOptions.ClientCert.NOT_ASKED;
    private HbaOptions.ClientName clientName = HbaOptions.ClientName.CN;
    private @Nullable String map;
    private @Nullable String issuer;
    private @Nullable String scope;
    private @Nullable String validator;
    private boolean delegateIdentMapping;

    HbaOptionParser(ConnectionType type, AuthenticationMethod method) {
        this.type = type;
        this.method = method;
        // A certificate that need not fit the user would prove nothing.
        if (method == AuthenticationMethod.CERT) clientCert = HbaOptions.ClientCert.VERIFY_FULL;
    }

    void add(String option) throws Unusable {
        int equals = option.indexOf('=');
        if (equals < 0) throw new Unusable(notAnOption(option));
        var name = option.substring(0, equals);
        var value = option.substring(equals + 1);
        switch (name) {
            case "map" -> map = map(value);
            case "clientcert" -> clientCert = clientCert(value);
            case "clientname" -> clientName = clientName(value);
            default -> addOfMethod(name, value);
        }
    }

    /// The word may be the rest of a password.
    private String notAnOption(String word) {
        var which = method == AuthenticationMethod.LDAP ? "a word behind the method" : "option \"" + word + "\"";
        return which + " is not name=value: put a value with blanks in double quotes, name=\"value\"";
    }

    private @Nullable String map(String value) throws Unusable {
        if (!WITH_MAP.contains(method))
            throw new Unusable(
                    "option map is for methods peer, cert and oauth, not for " + method.label() + ": remove it");
        return value.isEmpty() ? null : value;
    }

    private HbaOptions.ClientCert clientCert(String value) throws Unusable {
        needsHostssl("clientcert");
        boolean isCa = value.equals("verify-ca");
        if (isCa && method == AuthenticationMethod.CERT)
            throw new Unusable("clientcert=verify-ca (expected with method cert: verify-full, which it means anyhow)");
        if (isCa) return HbaOptions.ClientCert.VERIFY_CA;
        if (value.equals("verify-full")) return HbaOptions.ClientCert.VERIFY_FULL;
        throw new Unusable("clientcert=" + value + " (expected: verify-ca or verify-full)");
    }

    private HbaOptions.ClientName clientName(String value) throws Unusable {
        needsHostssl("clientname");
        return switch (value) {
            case "CN" -> HbaOptions.ClientName.CN;
            case "DN" -> HbaOptions.ClientName.DN;
            default -> throw new Unusable("clientname=" + value + " (expected: CN or DN)");
        };
    }

    private void needsHostssl(String name) throws Unusable {
        if (type != ConnectionType.HOSTSSL)
            throw new Unusable(
                    "option " + name + " is for hostssl rules only: write hostssl instead of " + type.label());
    }

    private void addOfMethod(String name, String value) throws Unusable {
        if (FOREIGN.containsKey(name))
            throw new Unusable("option " + name + " belongs to method " + FOREIGN.get(name)
                    + ", which the proxy does not have: remove it");
        if (OAUTH.contains(name)) {
            belongs(name, AuthenticationMethod.OAUTH);
            addOfOauth(name, value);
        } else if (ldap.set(name, value)) {
            belongs(name, AuthenticationMethod.LDAP);
        } else {
            throw new Unusable("option " + name
                    + " is not known (expected: map, clientcert, clientname, or one of method " + method.label() + ")");
        }
    }

    private void belongs(String name, AuthenticationMethod to) throws Unusable {
        if (method != to)
            throw new Unusable(
                    "option " + name + " is for method " + to.label() + ", not for " + method.label() + ": remove it");
    }

    private void addOfOauth(String name, String value) throws Unusable {
        switch (name) {
            case "issuer" -> issuer = value;
            case "scope" -> scope = value;
            case "validator" -> validator = value;
            default -> delegateIdentMapping = flag(name, value);
        }
    }

    /// PostgreSQL takes everything but 1 for no.
    static boolean flag(String name, String value) throws Unusable {
        if (!value.equals("0") && !value.equals("1")) throw new Unusable(name + "=" + value + " (expected: 0 or 1)");
        return value.equals("1");
    }

    HbaOptions options() throws Unusable {
        return new HbaOptions(clientCert, clientName, map, ldap(), oauth());
    }

    private @Nullable LdapSettings ldap() throws Unusable {
        return method == AuthenticationMethod.LDAP ? ldap.settings() : null;
    }

    private @Nullable OAuthSettings oauth() throws Unusable {
        if (method != AuthenticationMethod.OAUTH) return null;
        if (scope == null || scope.isBlank())
            throw new Unusable("method oauth needs scope: add what a token must grant");
        if (issuer == null || !isWebAddress(issuer))
            throw new Unusable("method oauth needs issuer" + (issuer == null ? "" : ", not \"" + issuer + "\"")
                    + " (expected: the https URL of the authorization server)");
        if (map != null && delegateIdentMapping)
            throw new Unusable("map and delegate_ident_mapping=1 do not go together: keep one");
        return new OAuthSettings(issuer, scope, validator, delegateIdentMapping);
    }

    private static boolean isWebAddress(String text) {
        try {
            var uri = new URI(text);
            return uri.getHost() != null && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()));
        } catch (URISyntaxException malformed) {
            return false;
        }
    }
}
