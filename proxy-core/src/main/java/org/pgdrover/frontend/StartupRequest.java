package org.pgdrover.frontend;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.StartupPacket.StartupMessage;

/**
 * What a client's startup message asks for.
 *
 * @param settings the run-time parameters it sets, those in <code>options</code> among them
 */
record StartupRequest(String user, String database, boolean longCancelKeys, SessionSettings settings) {
    private static final Set<String> NOT_SETTINGS = Set.of("user", "database", "replication", "options");

    static StartupRequest of(StartupMessage message) {
        var parameters = message.parameters();
        var user = parameters.getOrDefault("user", "");
        var database = parameters.getOrDefault("database", "");
        return new StartupRequest(
                user,
                database.isEmpty() ? user : database,
                message.version().hasLongCancelKeys(),
                settings(parameters));
    }

    private static SessionSettings settings(Map<String, String> parameters) {
        var settings = options(parameters.getOrDefault("options", ""));
        for (var parameter : parameters.entrySet()) {
            var name = parameter.getKey();
            if (NOT_SETTINGS.contains(name) || name.startsWith("_pq_.")) continue;
            settings = settings.withValue(name.toLowerCase(Locale.ROOT), parameter.getValue());
        }
        return settings;
    }

    /** The server's command-line options that set parameters: <code>-c name=value</code> and <code>--name=value</code>. */
    private static SessionSettings options(String options) {
        var settings = SessionSettings.EMPTY;
        var words = words(options);
        for (int i = 0; i < words.size(); i++) {
            var word = words.get(i);
            String assignment;
            if (word.equals("-c") && i + 1 < words.size()) assignment = words.get(++i);
            else if (word.startsWith("-c")) assignment = word.substring(2);
            else if (word.startsWith("--")) assignment = word.substring(2);
            else
                throw new ProtocolViolation(
                        "startup option \"" + word + "\" is not supported (expected: -c name=value)");
            int equals = assignment.indexOf('=');
            if (equals < 1)
                throw new ProtocolViolation("startup option \"" + word + "\" requires a value (name=value)");
            var name = assignment.substring(0, equals).replace('-', '_').toLowerCase(Locale.ROOT);
            settings = settings.withValue(name, assignment.substring(equals + 1));
        }
        return settings;
    }

    /** Splits at white space; a backslash makes the next character part of its word (PostgreSQL's pg_split_opts). */
    private static List<String> words(String options) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < options.length(); i++) {
            char next = options.charAt(i);
            if (Character.isWhitespace(next)) {
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
