package org.pgdrover.frontend;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PostgresName;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.StartupMessage;

/// The request in a client's startup message.
///
/// @param settings the run-time parameters it sets, those in `options` among them
/// @param replication whether a WAL sender is wanted rather than a session
/// @param node the node that a WAL sender is wanted of; null is the primary
/// @param passedOn the parameters as a WAL sender gets them, without user and database
/// @param mistake in `options`, which a client is told of when it has proved who it is; null if there is
/// none
public record StartupRequest(
        String user,
        String database,
        boolean longCancelKeys,
        SessionSettings settings,
        Replication replication,
        @Nullable String node,
        Map<String, String> passedOn,
        @Nullable ErrorFields mistake) {
    /// Kinds of connections (PostgreSQL manual, section 54.4).
    public enum Replication {
        NONE,
        /// Connected to no database.
        PHYSICAL,
        /// Connected to a database, where SQL can be run too.
        LOGICAL
    }

    private static final Set<String> NOT_SETTINGS = Set.of("user", "database", "replication", "options");
    /// The option that names a node.
    private static final String NODE = "pgdrover.node";

    public static StartupRequest of(StartupMessage message) {
        var parameters = message.parameters();
        var user = PostgresName.cut(parameters.getOrDefault("user", ""));
        var database = PostgresName.cut(parameters.getOrDefault("database", ""));
        var assignments = new LinkedHashMap<String, String>();
        var mistake = read(words(parameters.getOrDefault("options", "")), assignments);
        return new StartupRequest(
                user,
                database.isEmpty() ? user : database,
                message.version().hasLongCancelKeys(),
                settings(parameters, assignments),
                replication(parameters.getOrDefault("replication", "false")),
                assignments.get(NODE),
                passedOn(parameters, assignments),
                mistake);
    }

    /// What PostgreSQL takes for a boolean, or "database".
    private static Replication replication(String value) {
        if (value.equals("database")) return Replication.LOGICAL;
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "1", "on", "true", "yes", "t", "y" -> Replication.PHYSICAL;
            case "0", "off", "false", "no", "f", "n" -> Replication.NONE;
            default ->
                throw new ProtocolViolation(
                        SqlState.INVALID_PARAMETER_VALUE,
                        "invalid value for parameter \"replication\": \"" + value + "\"");
        };
    }

    private static SessionSettings settings(Map<String, String> parameters, Map<String, String> options) {
        var settings = SessionSettings.EMPTY;
        for (var option : options.entrySet()) settings = with(settings, option.getKey(), option.getValue());
        for (var parameter : parameters.entrySet()) {
            var name = parameter.getKey();
            if (NOT_SETTINGS.contains(name) || name.startsWith("_pq_.")) continue;
            settings = with(settings, name.toLowerCase(Locale.ROOT), parameter.getValue());
        }
        return settings;
    }

    /// PostgreSQL looks at a seed in a startup message, and does nothing with the seed.
    private static SessionSettings with(SessionSettings settings, String name, String value) {
        return name.equals("seed") && isSeed(value) ? settings : settings.withValue(name, value);
    }

    private static boolean isSeed(String value) {
        var number = value.trim();
        try {
            // Java knows letters behind a number.
            return Math.abs(Double.parseDouble(number)) <= 1 && !Character.isLetter(number.charAt(number.length() - 1));
        } catch (NumberFormatException other) {
            return false;
        }
    }

    private static Map<String, String> passedOn(Map<String, String> parameters, Map<String, String> options) {
        var passed = new LinkedHashMap<>(parameters);
        passed.keySet().removeIf(name -> name.equals("user") || name.equals("database") || name.startsWith("_pq_."));
        var words = new StringBuilder();
        options.forEach((name, value) -> {
            if (!name.equals(NODE)) words.append(" -c ").append(escape(name + "=" + value));
        });
        if (words.isEmpty()) passed.remove("options");
        else passed.put("options", words.substring(1));
        return passed;
    }

    /// The reverse of what [#words] undoes.
    private static String escape(String word) {
        return word.replaceAll("[\\\\\\s]", "\\\\$0");
    }

    /// Reads the server's command-line options that set parameters: `-c name=value` and `--name=value`.
    ///
    /// @return what is wrong with the first that cannot be read, in PostgreSQL's words; null if all can
    private static @Nullable ErrorFields read(List<String> words, Map<String, String> assignments) {
        for (int i = 0; i < words.size(); i++) {
            var word = words.get(i);
            boolean isSwitch = word.startsWith("-c") && (word.length() > 2 || i + 1 < words.size());
            if (!isSwitch && !(word.startsWith("--") && word.length() > 2)) return unreadable(word);
            var option = word.substring(0, 2);
            var assignment = word.length() > 2 ? word.substring(2) : words.get(++i);
            int equals = assignment.indexOf('=');
            var name = assignment
                    .substring(0, equals < 0 ? assignment.length() : equals)
                    .replace('-', '_');
            if (equals < 0) return valueless(option.equals("-c") ? "-c " + name : "--" + name);
            assignments.put(name.toLowerCase(Locale.ROOT), assignment.substring(equals + 1));
        }
        return null;
    }

    private static ErrorFields unreadable(String word) {
        return ErrorFields.fatal(SqlState.SYNTAX_ERROR, "invalid command-line argument for server process: " + word)
                .withHint("The options that can be given are -c name=value and --name=value.");
    }

    private static ErrorFields valueless(String option) {
        return ErrorFields.fatal(SqlState.SYNTAX_ERROR, option + " requires a value");
    }

    /// C's isspace, and nothing of Unicode's.
    private static boolean isSpace(char character) {
        return character == ' ' || (character >= '\t' && character <= '\r');
    }

    /// Splits at white space; a backslash makes the next character part of its word (PostgreSQL's
    /// pg_split_opts).
    private static List<String> words(String options) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < options.length(); i++) {
            char next = options.charAt(i);
            if (isSpace(next)) {
                if (inWord) words.add(word.toString());
                word.setLength(0);
                inWord = false;
                continue;
            }
            if (next == '\\' && i + 1 < options.length()) next = options.charAt(++i);
            word.append(next);
            inWord = true;
        }
        if (inWord) words.add(word.toString());
        return words;
    }
}
