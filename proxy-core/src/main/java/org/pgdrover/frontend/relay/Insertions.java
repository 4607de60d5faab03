package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.Classification;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.sql.QueryClass;

/// Statements of the proxy's own inside a client's string: they set again what RESET takes away, before
/// the next statement.
///
/// The client must see neither their completion nor that the string has become longer. In a string that
/// ends a lost transaction and goes on, a transaction that is rolled back stands for the end.
final class Insertions {
    /// @param behind index of the statement behind which it stands
    /// @param at byte of the string before which it stands
    /// @param character the same as a character, from 0
    /// @param statements how many they are
    /// @param skipped bytes of the string that it stands for
    /// @param skippedCharacters the same as characters
    private record Insertion(
            int behind, int at, int character, String text, int statements, int skipped, int skippedCharacters) {
        int growth() {
            return text.length() - skipped;
        }

        int growthInCharacters() {
            return text.length() - skippedCharacters;
        }
    }

    private static final String ENDED = "BEGIN;ROLLBACK";

    private final List<Insertion> all;
    private int passed;
    private int expected;

    private Insertions(List<Insertion> all) {
        this.all = all;
        if (all.getFirst().behind() < 0) expected = all.get(passed++).statements();
    }

    /// What a string of several statements needs; null if it needs nothing.
    ///
    /// @param endsLost whether the first of them ends a transaction that was lost with its server
    static @Nullable Insertions of(
            QueryClass string,
            boolean endsLost,
            ClientSession session,
            Classification classification,
            ByteBuf buffer,
            int from,
            int to) {
        var parts = string.parts();
        List<Insertion> all = List.of();
        List<Integer> ends = List.of();
        if (endsLost) {
            ends = classification.ends(buffer, from, to - from, session.standardStrings());
            if (ends.size() != parts.size()) return null;
            int skipped = ends.getFirst();
            int characters = ClientEncoding.characters(session.encoding(), buffer, from, from + skipped);
            all = new ArrayList<>();
            all.add(new Insertion(-1, 0, 0, ENDED, 1, skipped, characters));
        }
        for (int i = 0; i + 1 < parts.size(); i++) {
            var statements = session.settings().restoring(parts.get(i).session());
            if (statements.isEmpty()) continue;
            if (ends.isEmpty()) {
                ends = classification.ends(buffer, from, to - from, session.standardStrings());
                all = new ArrayList<>();
            }
            if (ends.size() != parts.size()) return null;
            int at = ends.get(i) + 1;
            var text = " " + String.join("; ", statements) + ";";
            int character = ClientEncoding.characters(session.encoding(), buffer, from, from + at);
            all.add(new Insertion(i, at, character, text, statements.size(), 0, 0));
        }
        return all.isEmpty() ? null : new Insertions(all);
    }

    /// Bytes that the string grows by.
    int length() {
        int length = 0;
        for (var each : all) length += each.growth();
        return length;
    }

    /// Writes the string that stands in the buffer, with everything inserted; borrowed.
    void write(ByteBuf out, ByteBuf buffer, int from, int to) {
        int done = from;
        for (var each : all) {
            out.writeBytes(buffer, done, from + each.at() - done);
            out.writeCharSequence(each.text(), StandardCharsets.ISO_8859_1);
            done = from + each.at() + each.skipped();
        }
        out.writeBytes(buffer, done, to - done);
    }

    /// A command of the string has completed.
    ///
    /// @param before how many of the client's own have completed before
    /// @return whether the command is one of the client's own
    boolean completed(int before) {
        if (expected > 0) {
            expected--;
            return false;
        }
        if (passed < all.size() && all.get(passed).behind() == before)
            expected = all.get(passed++).statements();
        return true;
    }

    /// Whether all is set again that was taken away.
    boolean isRestored() {
        return expected == 0 && passed > 0 && all.get(passed - 1).skipped() == 0;
    }

    /// The position, counted in characters from 1, that the client's own string has there.
    int inTheClientsString(int position) {
        int shift = 0;
        for (var each : all)
            if (position > each.character() + shift + each.text().length()) shift += each.growthInCharacters();
        return position - shift;
    }
}
