package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The first line in which two transcripts of a client differ, with those before it.
record Difference(int actor, List<String> before, String expected, String got) {
    private static final int CONTEXT = 6;
    private static final int SHOWN = 600;
    private static final String END = "(end)";

    /// @param known kinds of differences that are passed over
    static @Nullable Difference between(int actor, List<String> direct, List<String> proxied, @Nullable Pattern known) {
        var expected = reportsInOrder(direct);
        var got = reportsInOrder(proxied);
        for (int i = 0, j = 0; i < expected.size() || j < got.size(); i++, j++) {
            var one = i < expected.size() ? expected.get(i) : END;
            var other = j < got.size() ? got.get(j) : END;
            if (one.equals(other)) continue;
            var difference = new Difference(actor, List.copyOf(expected.subList(0, i)), one, other);
            if (known == null || !known.matcher(difference.kind()).find()) return difference;
            if (isReport(other) && !isReport(one)) i--;
            if (isReport(one) && !isReport(other)) j--;
        }
        return null;
    }

    /// In what order a server reports parameters that one statement has changed, the protocol does not
    /// promise. PostgreSQL itself reports them in the order in which they were set first, which the
    /// proxy's own SETs change.
    private static List<String> reportsInOrder(List<String> lines) {
        var ordered = new ArrayList<>(lines);
        for (int from = 0, to; from < ordered.size(); from = to + 1) {
            for (to = from; to < ordered.size() && isReport(ordered.get(to)); ) to++;
            Collections.sort(ordered.subList(from, to));
        }
        return ordered;
    }

    private static boolean isReport(String line) {
        return line.startsWith("S ");
    }

    /// The same for all differences of one kind: without numbers and names.
    String kind() {
        return kind(expected) + " -> " + kind(got);
    }

    private static String kind(String line) {
        if (line.startsWith("(" + Transcript.NO_ANSWER)) return "(" + Transcript.NO_ANSWER + ")";
        var plain = line.replaceAll("[0-9]+", "n");
        return plain.length() > 120 ? plain.substring(0, 120) : plain;
    }

    List<String> shown() {
        var lines = new ArrayList<String>();
        for (var line : before.subList(Math.max(0, before.size() - CONTEXT), before.size()))
            lines.add("    both        " + shortened(line));
        lines.add("    PostgreSQL  " + shortened(expected));
        lines.add("    proxy       " + shortened(got));
        return lines;
    }

    /// What came before in the answer to the same Query or up to the same Sync.
    List<String> sameAnswer() {
        int from = before.size();
        while (from > 0 && !before.get(from - 1).startsWith("Z ")) from--;
        return before.subList(from, before.size());
    }

    /// Whether the line stands in a transaction that the client has begun.
    boolean isInTransaction() {
        var answer = sameAnswer();
        for (var line : answer.reversed()) {
            if (line.matches("C (BEGIN|START TRANSACTION)")) return true;
            if (line.matches("C (COMMIT|ROLLBACK)")) return false;
        }
        return beganInTransaction();
    }

    /// Whether the message that is answered was sent in a transaction.
    boolean beganInTransaction() {
        int ready = before.size() - sameAnswer().size() - 1;
        return ready >= 0 && !before.get(ready).equals("Z I");
    }

    private static String shortened(String line) {
        return line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line;
    }
}
