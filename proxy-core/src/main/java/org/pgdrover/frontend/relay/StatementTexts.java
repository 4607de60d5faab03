package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.pgdrover.frontend.session.ClientStatement;

/// Keeps what the statements of a delivery say, and makes text of it only for who reads the text.
///
/// It is used again with its delivery, so that most deliveries need no memory for it.
final class StatementTexts {
    private static final int MOST_CHARACTERS = 1000;

    /// Each a text, or the prepared statement that has it.
    private final List<Object> statements = new ArrayList<>(1);
    private int before;

    void add(String text) {
        statements.add(text);
    }

    void add(ClientStatement statement) {
        statements.add(statement);
    }

    boolean isEmpty() {
        return statements.isEmpty();
    }

    /// Another part of the delivery follows.
    void next() {
        before = statements.size();
    }

    /// The texts of the present part are found anew.
    ///
    /// @param all whether there is no earlier part
    void judgeAgain(boolean all) {
        if (all) before = 0;
        statements.subList(before, statements.size()).clear();
    }

    /// The texts, each cut to 1000 characters.
    List<String> all() {
        var all = new ArrayList<String>(statements.size());
        for (var each : statements)
            all.add(each instanceof ClientStatement statement ? text(statement) : (String) each);
        return all;
    }

    private static String text(ClientStatement statement) {
        var definition = statement.definition();
        if (definition == null) return "(large statement)";
        int length = 0;
        while (length < definition.length && definition[length] != 0) length++;
        return new String(definition, 0, Math.min(length, MOST_CHARACTERS), StandardCharsets.UTF_8);
    }
}
