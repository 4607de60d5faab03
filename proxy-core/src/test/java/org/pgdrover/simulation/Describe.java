package org.pgdrover.simulation;

import java.nio.charset.StandardCharsets;
import org.pgdrover.testing.Message;

/// Puts messages of clients into words for transcripts.
final class Describe {
    private Describe() {}

    static String message(Message message) {
        var text = new String(message.body(), 0, Math.min(160, message.body().length), StandardCharsets.ISO_8859_1);
        var shown = text.replaceAll("[^ -~]+", "|");
        return switch (message.type()) {
            case 'Q' -> "Query " + shown;
            case 'P' -> "Parse " + shown;
            case 'B' -> "Bind " + shown;
            case 'D' -> "Describe " + shown;
            case 'E' -> "Execute " + shown;
            case 'C' -> "Close " + shown;
            case 'S' -> "Sync";
            case 'H' -> "Flush";
            case 'X' -> "Terminate";
            case 'd' -> "CopyData " + shown;
            case 'c' -> "CopyDone";
            case 'f' -> "CopyFail";
            default -> message.type() + " " + shown;
        };
    }
}
