package org.pgdrover.server.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.AuthConfig.LoginLimits;
import org.pgdrover.config.AuthConfig.OAuth;
import org.pgdrover.config.AuthConfig.Query;

/// Reads the section `auth`: how clients prove who they are.
final class AuthSection {
    private AuthSection() {}

    static AuthConfig read(ConfigSection section) {
        var usual = AuthConfig.DEFAULT;
        var config = new AuthConfig(
                file(section, "hba-file", usual.hbaFile()),
                file(section, "user-list", usual.userList()),
                readable(section, "ident-file"),
                section.duration("timeout", usual.timeout(), Duration.ofSeconds(1)),
                section.integer("scram-iterations", usual.scramIterations(), 1, 10_000_000),
                section.flag("clear-text-to-servers", usual.clearTextToServers()),
                limits(section.section("limits")),
                query(section.section("query")),
                oauth(section.section("oauth")),
                ldap(section.section("ldap")));
        section.end();
        return config;
    }

    private static Path file(ConfigSection section, String key, Path usual) {
        var file = section.path(key);
        if (file == null) file = section.directory().resolve(usual);
        if (!Files.isReadable(file)) section.problem(key, file + " cannot be read: create it, or name another");
        return file;
    }

    private static @Nullable Path readable(ConfigSection section, String key) {
        var file = section.path(key);
        if (file != null && !Files.isReadable(file))
            section.problem(key, file + " cannot be read: create it, or set null");
        return file;
    }

    private static LoginLimits limits(ConfigSection section) {
        var usual = LoginLimits.DEFAULT;
        var delay = section.duration("failure-delay", usual.failureDelay(), Duration.ZERO);
        var most = section.duration("max-failure-delay", usual.maxFailureDelay(), Duration.ZERO);
        if (most.compareTo(delay) < 0)
            section.problem(
                    "max-failure-delay",
                    most.toMillis() + "ms (expected: at least failure-delay, which is " + delay.toMillis() + "ms)");
        var limits = new LoginLimits(
                section.integer("max-logins", usual.maxLogins(), 1, Integer.MAX_VALUE / 4),
                section.integer("max-clients-per-address", usual.maxClientsPerAddress(), 0, Integer.MAX_VALUE),
                delay,
                most);
        section.end();
        return limits;
    }

    private static Query query(ConfigSection section) {
        var usual = Query.DEFAULT;
        var query = new Query(
                section.flag("enabled", usual.enabled()),
                section.text("user"),
                section.text("password"),
                section.text("database"),
                section.text("sql", usual.sql()),
                section.duration("cache", usual.cache(), Duration.ZERO));
        int at = query.sql().indexOf("$1");
        if (at < 0 || query.sql().indexOf("$1", at + 1) >= 0)
            section.problem("sql", "the user's name must be in it exactly once, as $1");
        if (query.password() != null && query.user() == null)
            section.problem("password", "there is no user: set user too, or remove it to use cluster.user");
        section.end();
        return query;
    }

    private static OAuth oauth(ConfigSection section) {
        var usual = OAuth.DEFAULT;
        var oauth = new OAuth(
                section.texts("audience", List.of()),
                section.text("identity-claim", usual.identityClaim()),
                readable(section, "ca-file"));
        section.end();
        return oauth;
    }

    private static @Nullable Path ldap(ConfigSection section) {
        var authorities = readable(section, "ca-file");
        section.end();
        return authorities;
    }
}
