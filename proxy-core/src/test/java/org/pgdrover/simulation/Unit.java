package org.pgdrover.simulation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.regex.Pattern;
import org.pgdrover.testing.Message;

/// What a client sends at once, and whether it then cancels it.
record Unit(List<Message> messages, boolean cancelled) {
    private static final Pattern COMMITS = Pattern.compile("COMMIT|EXECUTE|PREPARE");

    static Unit of(Message... messages) {
        return new Unit(List.of(messages), false);
    }

    /// Whether it is a BEGIN, and nothing else.
    boolean begins() {
        var text = messages.getFirst().text(0);
        return messages.size() == 1 && (text.startsWith("BEGIN") || text.startsWith("START")) && !text.contains(";");
    }

    /// Whether nothing that it says may be committed once its client has gone.
    ///
    /// @param whole whether all of it was sent, and not a part only
    boolean isUnended(boolean whole) {
        for (var message : messages)
            if (COMMITS.matcher(new String(message.body(), ISO_8859_1)).find()) return false;
        boolean endsIt = messages.getLast().type() == 'S' || messages.getLast().type() == 'Q';
        return readies() == 0 || !whole && readies() == 1 && endsIt;
    }

    /// How many ReadyForQuery answer it.
    int readies() {
        int count = 0;
        for (var message : messages) if (message.type() == 'Q' || message.type() == 'S') count++;
        return count;
    }
}
