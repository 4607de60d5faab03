package org.pgdrover.simulation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// Invents what goes on from one batch to the next, and COPY in batches, in strings and in transactions.
///
/// It has its own chance, so that older seeds say what they have always said.
final class Across {
    private static final String SERIES = "SELECT g FROM generate_series(1, 7) g";

    private final RandomGenerator random;
    private final int client;
    private int nonces;

    Across(RandomGenerator random, int client) {
        this.random = random;
        this.client = client;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    /// Something now and then; null if it is somebody else's turn.
    @Nullable
    Unit next() {
        if (!chance(50)) return null;
        return switch (random.nextInt(9)) {
            case 0 -> Unit.of(Conversation.query("BEGIN"));
            case 1 -> Unit.of(Conversation.query(chance(70) ? "COMMIT" : "ROLLBACK"));
            case 2, 3 -> opens();
            case 4, 5 -> goesOn();
            case 6 -> copiesInBatch();
            case 7 -> copiesInString();
            default -> changesHalfway();
        };
    }

    private String portal() {
        return chance(80) ? "w" : "";
    }

    /// Sync, or Flush behind which the batch goes on.
    private Unit ended(List<Message> messages) {
        messages.add(Conversation.message(chance(70) ? 'S' : 'H'));
        return new Unit(messages, false);
    }

    private Unit opens() {
        var portal = portal();
        var messages = new ArrayList<Message>();
        messages.add(Conversation.message('P', "", SERIES, (short) 0));
        messages.add(Conversation.message('B', portal, "", (short) 0, (short) 0, (short) 0));
        if (chance(50)) messages.add(Conversation.message('D', 'P', portal));
        if (chance(80)) messages.add(Conversation.message('E', portal, 1 + random.nextInt(3)));
        return ended(messages);
    }

    private Unit goesOn() {
        var portal = portal();
        var messages = new ArrayList<Message>();
        if (chance(30)) messages.add(Conversation.message('D', 'P', portal));
        messages.add(Conversation.message('E', portal, random.nextInt(4)));
        if (chance(20)) messages.add(Conversation.message('C', 'P', portal));
        return ended(messages);
    }

    private byte[] line() {
        return ("c" + client + "k" + random.nextInt(4) + "\tc" + client + "n9" + ++nonces + "\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private void copied(List<Message> messages) {
        for (int i = random.nextInt(3); i > 0; i--) messages.add(Conversation.message('d', line()));
        messages.add(chance(70) ? Conversation.message('c') : Conversation.message('f', "no more"));
    }

    private Unit copiesInBatch() {
        var messages = new ArrayList<Message>();
        boolean in = chance(70);
        var sql = in ? "COPY kv FROM STDIN" : "COPY (" + SERIES + ") TO STDOUT";
        messages.add(Conversation.message('P', "", sql, (short) 0));
        messages.add(Conversation.message('B', "", "", (short) 0, (short) 0, (short) 0));
        messages.add(Conversation.message('E', "", 0));
        if (in) copied(messages);
        messages.add(Conversation.message('S'));
        return new Unit(messages, false);
    }

    private Unit copiesInString() {
        var messages = new ArrayList<Message>();
        var before = chance(50) ? "BEGIN; " : "";
        var behind = chance(50) ? "; SELECT 'c" + client + "n9" + ++nonces + "'" : "; COMMIT";
        if (chance(60)) {
            messages.add(Conversation.query(before + "COPY kv FROM STDIN" + behind));
            copied(messages);
        } else {
            messages.add(Conversation.query(before + "COPY (" + SERIES + ") TO STDOUT" + behind));
        }
        return new Unit(messages, false);
    }

    /// Settings in a transaction that fails, or goes back.
    private Unit changesHalfway() {
        var set = chance(50) ? "SET TimeZone = 'Asia/Tokyo'" : "SET LOCAL app.x = 'c" + client + "n9" + ++nonces + "'";
        return switch (random.nextInt(4)) {
            case 0 -> Unit.of(Conversation.query("BEGIN; " + set + "; SELECT 1/0"), Conversation.query("ROLLBACK"));
            case 1 -> Unit.of(Conversation.query("BEGIN"), Conversation.query(set), Conversation.query("RESET ALL"));
            case 2 -> Unit.of(Conversation.query(set), Conversation.query("SHOW TimeZone"));
            default ->
                Unit.of(
                        Conversation.query("SAVEPOINT a"),
                        Conversation.query(set),
                        Conversation.query("ROLLBACK TO a"),
                        Conversation.query("SHOW TimeZone"));
        };
    }
}
