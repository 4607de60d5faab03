package org.pgdrover.simulation;

import java.util.List;
import org.pgdrover.testing.Message;

/// What a client sends at once, and whether it then cancels it.
record Unit(List<Message> messages, boolean cancelled) {
    static Unit of(Message... messages) {
        return new Unit(List.of(messages), false);
    }

    /// Whether it is a BEGIN, and nothing else.
    boolean begins() {
        var text = messages.getFirst().text(0);
        return messages.size() == 1 && (text.startsWith("BEGIN") || text.startsWith("START")) && !text.contains(";");
    }

    /// How many ReadyForQuery answer it.
    int readies() {
        int count = 0;
        for (var message : messages) if (message.type() == 'Q' || message.type() == 'S') count++;
        return count;
    }
}
