package org.pgdrover.auth.ldap;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.ldap.LdapSettings.Scheme;
import org.pgdrover.auth.ldap.LdapSettings.Scope;

/// The options of a rule, one at a time.
final class Rule {
    private List<String> hosts = List.of("127.0.0.1");
    private int port;
    private Scheme scheme = Scheme.LDAP;
    private boolean startTls;
    private String prefix = "";
    private String suffix = "";
    private @Nullable String baseDn;
    private @Nullable String bindDn;
    private @Nullable String bindPassword;
    private String attribute = "uid";
    private @Nullable String filter;
    private Scope scope = Scope.SUB;

    Rule(int port) {
        this.port = port;
    }

    Rule hosts(String... names) {
        hosts = List.of(names);
        return this;
    }

    Rule ldaps(int anotherPort) {
        scheme = Scheme.LDAPS;
        port = anotherPort;
        return this;
    }

    Rule startTls() {
        startTls = true;
        return this;
    }

    Rule around(String before, String after) {
        prefix = before;
        suffix = after;
        return this;
    }

    Rule under(String dn) {
        baseDn = dn;
        return this;
    }

    Rule searchingAs(String dn, String password) {
        bindDn = dn;
        bindPassword = password;
        return this;
    }

    Rule attribute(String name) {
        attribute = name;
        return this;
    }

    Rule filter(String text) {
        filter = text;
        return this;
    }

    Rule scope(Scope depth) {
        scope = depth;
        return this;
    }

    LdapSettings settings() {
        return new LdapSettings(
                hosts, port, scheme, startTls, prefix, suffix, baseDn, bindDn, bindPassword, attribute, filter, scope);
    }
}
