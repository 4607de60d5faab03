package org.pgdrover.cluster;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.Endpoint;

/// A libpq connection string (PostgreSQL manual, section 34.1.1) as its parameters, in their order; made
/// for editing, not for connecting.
public final class Conninfo {
    private final Map<String, String> parameters;

    private Conninfo(Map<String, String> parameters) {
        this.parameters = parameters;
    }

    /// Reads the keyword/value form or the URI form.
    ///
    /// @throws IllegalArgumentException if it is neither; the message does not repeat the string, which
    /// may hold a password
    public static Conninfo parse(String text) {
        for (var scheme : new String[] {"postgresql://", "postgres://"}) {
            if (text.startsWith(scheme)) return new Conninfo(uri(text.substring(scheme.length())));
        }
        return new Conninfo(new KeywordReader(text).read());
    }

    /// The name under which the server lists this connection, or an empty string.
    public String applicationName() {
        var fallback = parameters.getOrDefault("fallback_application_name", "");
        return parameters.getOrDefault("application_name", fallback);
    }

    /// The same for another server: user, password, TLS and all other options stay.
    public Conninfo at(Endpoint endpoint) {
        var edited = new LinkedHashMap<>(parameters);
        edited.remove("hostaddr");
        edited.put("host", endpoint.host());
        edited.put("port", Integer.toString(endpoint.port()));
        return new Conninfo(edited);
    }

    /// The keyword/value form, with the password.
    public String format() {
        return parameters.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + quoted(entry.getValue()))
                .collect(Collectors.joining(" "));
    }

    private static String quoted(String value) {
        var plain =
                !value.isEmpty() && value.chars().noneMatch(c -> Character.isWhitespace(c) || c == '\'' || c == '\\');
        return plain ? value : "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Conninfo that && that.parameters.equals(parameters);
    }

    @Override
    public int hashCode() {
        return parameters.hashCode();
    }

    @Override
    public String toString() {
        return "Conninfo" + parameters.keySet();
    }

    /// Everything after the scheme: `[user[:password]@][host[:port][,…]][/dbname][?name=value[&…]]`.
    private static Map<String, String> uri(String text) {
        var parameters = new LinkedHashMap<String, String>();
        var question = text.indexOf('?');
        var address = question < 0 ? text : text.substring(0, question);
        var at = address.indexOf('@');
        if (at >= 0) putPair(parameters, "user", "password", address.substring(0, at));
        var rest = address.substring(at + 1);
        var slash = rest.indexOf('/');
        hosts(parameters, slash < 0 ? rest : rest.substring(0, slash));
        if (slash >= 0) put(parameters, "dbname", rest.substring(slash + 1));
        if (question >= 0) query(parameters, text.substring(question + 1));
        return parameters;
    }

    private static void hosts(Map<String, String> parameters, String text) {
        var hosts = new StringBuilder();
        var ports = new StringBuilder();
        for (var each : text.split(",", -1)) {
            var colon = each.indexOf(':', Math.max(0, each.indexOf(']')));
            var host = colon < 0 ? each : each.substring(0, colon);
            hosts.append(hosts.isEmpty() ? "" : ",").append(host.replaceAll("[\\[\\]]", ""));
            ports.append(ports.isEmpty() ? "" : ",").append(colon < 0 ? "" : each.substring(colon + 1));
        }
        put(parameters, "host", hosts.toString());
        if (!ports.toString().replace(",", "").isEmpty()) put(parameters, "port", ports.toString());
    }

    private static void query(Map<String, String> parameters, String text) {
        for (var each : text.split("&")) {
            var equals = each.indexOf('=');
            if (equals <= 0)
                throw new IllegalArgumentException("connection URI: a parameter without = (expected: name=value)");
            put(parameters, decoded(each.substring(0, equals)), each.substring(equals + 1));
        }
    }

    private static void putPair(Map<String, String> parameters, String first, String second, String text) {
        var colon = text.indexOf(':');
        put(parameters, first, colon < 0 ? text : text.substring(0, colon));
        if (colon >= 0) put(parameters, second, text.substring(colon + 1));
    }

    private static void put(Map<String, String> parameters, String keyword, String encoded) {
        if (!encoded.isEmpty()) parameters.put(keyword, decoded(encoded));
    }

    /// Unlike in a form, a plus sign is itself.
    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /// Reads `keyword = value` pairs, as libpq's conninfo_parse does.
    private static final class KeywordReader {
        private final String text;
        private int at;

        KeywordReader(String text) {
            this.text = text;
        }

        Map<String, String> read() {
            var parameters = new LinkedHashMap<String, String>();
            for (skipSpace(); at < text.length(); skipSpace()) {
                var keyword = keyword();
                parameters.put(keyword, text.startsWith("'", at) ? quotedValue(keyword) : plainValue());
            }
            return parameters;
        }

        private String keyword() {
            var from = at;
            while (at < text.length() && text.charAt(at) != '=' && !Character.isWhitespace(text.charAt(at))) at++;
            var keyword = text.substring(from, at);
            skipSpace();
            if (!text.startsWith("=", at) || keyword.isEmpty())
                throw new IllegalArgumentException(
                        "connection string: no = at character " + at + " (expected: keyword=value)");
            at++;
            skipSpace();
            return keyword;
        }

        private String plainValue() {
            var value = new StringBuilder();
            while (at < text.length() && !Character.isWhitespace(text.charAt(at))) appendNext(value);
            return value.toString();
        }

        private String quotedValue(String keyword) {
            var value = new StringBuilder();
            at++;
            while (at < text.length() && text.charAt(at) != '\'') appendNext(value);
            if (at >= text.length())
                throw new IllegalArgumentException("connection string: " + keyword + " has no closing quote");
            at++;
            return value.toString();
        }

        private void appendNext(StringBuilder value) {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) at++;
            value.append(text.charAt(at++));
        }

        private void skipSpace() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
        }
    }
}
