package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.Classification;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.sql.QueryClass;

/// Statements of the proxy's own inside a client's string: they set again what RESET takes away, before the next
/// statement.
///
/// The client must see neither their completion nor that the string has become longer.
final class Insertions {
    /// @param behind index of the statement behind which it stands
    /// @param at byte of the string before which it stands
    private record Insertion(int behind, int at, String text) {}

    private final List<Insertion> all;
    private int passed;
    private boolean expected;

    private Insertions(List<Insertion> all) {
        this.all = all;
    }

    /// What a string of several statements needs; null if it needs nothing.
    static @Nullable Insertions of(
            QueryClass string, ClientSession session, Classification classification, ByteBuf buffer, int from, int to) {
        var parts = string.parts();
        List<Insertion> all = List.of();
        List<Integer> ends = List.of();
        for (int i = 0; i + 1 < parts.size(); i++) {
            var calls = session.settings().restoring(parts.get(i).session());
            if (calls == null) continue;
            if (ends.isEmpty()) {
                ends = classification.ends(buffer, from, to - from, session.standardStrings());
                all = new ArrayList<>();
            }
            if (ends.size() != parts.size() || !isAscii(buffer, from, from + ends.get(i))) return null;
            all.add(new Insertion(i, ends.get(i) + 1, " DO " + quoted("BEGIN PERFORM " + calls + "; END") + ";"));
        }
        return all.isEmpty() ? null : new Insertions(all);
    }

    private static boolean isAscii(ByteBuf buffer, int from, int to) {
        for (int i = from; i < to; i++) if (buffer.getByte(i) < 0) return false;
        return true;
    }

    private static String quoted(String body) {
        var quotes = new StringBuilder("$pgdrover$");
        while (body.contains(quotes)) quotes.insert(1, 'x');
        return quotes + body + quotes;
    }

    /// Bytes that the string grows by.
    int length() {
        int length = 0;
        for (var each : all) length += each.text().length();
        return length;
    }

    /// Writes the string that stands in the buffer, with everything inserted; borrowed.
    void write(ByteBuf out, ByteBuf buffer, int from, int to) {
        int done = from;
        for (var each : all) {
            out.writeBytes(buffer, done, from + each.at() - done);
            out.writeCharSequence(each.text(), StandardCharsets.ISO_8859_1);
            done = from + each.at();
        }
        out.writeBytes(buffer, done, to - done);
    }

    /// A command of the string has completed.
    ///
    /// @param completed how many of the client's own have completed before
    /// @return whether the command is one of the client's own
    boolean isOwn(int completed) {
        if (expected) {
            expected = false;
            passed++;
            return false;
        }
        expected = passed < all.size() && all.get(passed).behind() == completed;
        return true;
    }

    /// The error with the position that the client's own string has there.
    ErrorFields inTheClientsString(ErrorFields error) {
        int position = error.position();
        int shift = 0;
        for (var each : all)
            if (position > each.at() + shift + each.text().length())
                shift += each.text().length();
        return shift == 0 ? error : error.withPosition(position - shift);
    }
}
