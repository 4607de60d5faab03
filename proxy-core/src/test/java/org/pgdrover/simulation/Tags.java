package org.pgdrover.simulation;

import org.pgdrover.testing.Message;

/// Finds whose a statement is: clients put their number into keys, values and names, as in `c12n7` or
/// `c12k3`.
final class Tags {
    private Tags() {}

    /// The client's number; 0 if nothing tells.
    static int owner(Message message) {
        return switch (message.type()) {
            case 'Q', 'P', 'B', 'd' -> owner(message.body());
            default -> 0;
        };
    }

    static int owner(byte[] text) {
        for (int at = 0; at < text.length; at++) {
            if (text[at] != 'c') continue;
            int number = 0;
            int end = at + 1;
            while (end < text.length && text[end] >= '0' && text[end] <= '9') number = number * 10 + text[end++] - '0';
            if (end > at + 1 && end < text.length && (text[end] == 'n' || text[end] == 'k')) return number;
        }
        return 0;
    }

    static int owner(String text) {
        return owner(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }
}
