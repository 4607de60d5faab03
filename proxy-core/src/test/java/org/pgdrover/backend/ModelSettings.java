package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A session's run-time parameters, changed by SET, RESET and set_config as PostgreSQL changes them.
///
/// A whole query is read in the encoding, and with the rule for backslashes, that hold where it begins.
final class ModelSettings {
    static final Map<String, String> DEFAULTS = Map.of(
            "client_encoding", "UTF8",
            "standard_conforming_strings", "on",
            "datestyle", "ISO, MDY",
            "role", "none",
            "log_statement", "none");

    /// May be changed only where no SET ROLE holds.
    static final String PRIVILEGED = "log_statement";

    /// Parameters that SET gives a list of identifiers.
    private static final Set<String> LISTS = Set.of("search_path");

    private final Map<String, String> values = new TreeMap<>(DEFAULTS);

    /// Without parameters that have no value, as if they had never been set.
    Map<String, String> values() {
        return Map.copyOf(values);
    }

    String value(String name) {
        return values.getOrDefault(name, "");
    }

    static Charset charset(String encoding) {
        return switch (encoding) {
            case "UTF8" -> StandardCharsets.UTF_8;
            case "LATIN1" -> StandardCharsets.ISO_8859_1;
            case "SJIS" -> Charset.forName("Shift_JIS");
            case "GBK" -> Charset.forName("GBK");
            default -> throw new AssertionError("client_encoding: " + encoding);
        };
    }

    /// Runs a query, each char of which is a byte.
    void run(String query) {
        var text = new String(query.getBytes(StandardCharsets.ISO_8859_1), charset(value("client_encoding")));
        assertThat(text).describedAs("every byte is one of a character").doesNotContain("\uFFFD");
        var statement = new ArrayList<Word>();
        for (var word : new Words(text, value("standard_conforming_strings").equals("on")).all()) {
            if (!word.is(";")) {
                statement.add(word);
                continue;
            }
            run(statement);
            statement.clear();
        }
        run(statement);
    }

    private void run(List<Word> statement) {
        if (statement.isEmpty()) return;
        var first = statement.getFirst();
        if (first.is("select")) selectSetConfig(statement);
        else if (first.is("reset")) set(name(statement, 1, statement.size()), null);
        else if (first.is("set") && statement.size() == 3)
            set("role", statement.get(2).text());
        else if (first.is("set")) set(statement);
        else throw new AssertionError("a statement that this model does not know: " + statement);
    }

    private void set(List<Word> statement) {
        int to = 2;
        while (!statement.get(to).is("to") && !statement.get(to).is("=")) to++;
        var name = name(statement, 1, to);
        var value = new StringBuilder();
        for (var word : statement.subList(to + 1, statement.size())) {
            if (word.is(",")) value.append(", ");
            else value.append(LISTS.contains(name) ? identifier(word.text()) : word.text());
        }
        set(name, value.toString());
    }

    /// As quote_identifier() gives it.
    private static String identifier(String text) {
        return text.matches("[a-z_][a-z0-9_]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
    }

    private void selectSetConfig(List<Word> statement) {
        int at = 1;
        while (at < statement.size()) {
            while (!statement.get(at).is("(")) at++;
            assertThat(statement.get(at - 1).text()).isEqualTo("set_config");
            assertThat(statement.get(at + 5).text()).describedAs("is_local").isEqualTo("false");
            set(
                    statement.get(at + 1).text().toLowerCase(Locale.ROOT),
                    statement.get(at + 3).text());
            at += 7;
        }
    }

    private static String name(List<Word> statement, int from, int to) {
        var name = new StringBuilder();
        for (var word : statement.subList(from, to)) name.append(word.text());
        return name.toString().toLowerCase(Locale.ROOT);
    }

    /// Sets the value of a literal in SET.
    void stated(String name, String value) {
        set(name, LISTS.contains(name) ? identifier(value) : value);
    }

    /// @param value null is the default
    void set(String name, @Nullable String value) {
        assertThat(name.equals(PRIVILEGED) && !value("role").equals("none"))
                .describedAs("a role without the right to set " + name)
                .isFalse();
        var known = DEFAULTS.get(name);
        if (value == null && known == null) values.remove(name);
        else if (value == null) values.put(name, known);
        else values.put(name, name.equals("datestyle") ? dateStyle(value("datestyle"), value) : value);
    }

    /// What a value leaves out stays as it was; German has an order of its own.
    private static String dateStyle(String before, String value) {
        var style = before.split(", ")[0];
        var order = before.split(", ")[1];
        boolean ordered = false;
        for (var word : value.split(", *")) {
            if (List.of("DMY", "MDY", "YMD").contains(word)) {
                order = word;
                ordered = true;
            } else {
                style = word;
                if (word.equals("German") && !ordered) order = "DMY";
            }
        }
        return style + ", " + order;
    }

    /// @param quoted whether it is a string or a quoted identifier
    record Word(String text, boolean quoted) {
        boolean is(String plain) {
            return !quoted && text.equalsIgnoreCase(plain);
        }
    }

    /// Cuts a query into words.
    private static final class Words {
        private final String text;
        private final boolean standard;
        private final List<Word> words = new ArrayList<>();
        private int at;

        Words(String text, boolean standard) {
            this.text = text;
            this.standard = standard;
        }

        List<Word> all() {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == ' ' || c == '\n') at++;
                else if (c == '\'') quoted('\'', !standard);
                else if ((c == 'E' || c == 'e') && text.startsWith("'", at + 1)) {
                    at++;
                    quoted('\'', true);
                } else if (c == '"') quoted('"', false);
                else if (Character.isLetterOrDigit(c) || c == '_') plain();
                else words.add(new Word(String.valueOf(text.charAt(at++)), false));
            }
            return words;
        }

        private void plain() {
            int from = at;
            while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) at++;
            words.add(new Word(text.substring(from, at), false));
        }

        private void quoted(char quote, boolean escapes) {
            var value = new StringBuilder();
            at++;
            while (true) {
                assertThat(at).describedAs("the string ends: " + text).isLessThan(text.length());
                char c = text.charAt(at++);
                if (c == quote) {
                    if (at >= text.length() || text.charAt(at) != quote) break;
                    at++;
                } else if (escapes && c == '\\') {
                    assertThat(at).describedAs("the string ends: " + text).isLessThan(text.length());
                    c = text.charAt(at++);
                    // Others than these have a meaning of their own, and nobody here writes one.
                    assertThat(c).isIn('\\', '\'', 'U');
                    if (c == 'U') {
                        value.appendCodePoint(Integer.parseInt(text.substring(at, at + 8), 16));
                        at += 8;
                        continue;
                    }
                }
                value.append(c);
            }
            words.add(new Word(value.toString(), true));
        }
    }
}
