package org.pgdrover.it.exactness;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;

/// Some requests written at once, each with a nonce that its answer has to carry.
final class NonceBatch {
    /// The statement that every client prepares under the same name.
    static final Sent PREPARE = Sent.parse("nonce", "SELECT $1::text");

    private static final int LARGE = 20_000;

    /// What one ReadyForQuery ends: the messages before it in order, and the nonces of its rows.
    ///
    /// @param types the types of all messages, ReadyForQuery's included
    /// @param writes the nonces that are in the table if all of it is committed
    record Unit(String types, List<String> nonces, List<Long> writes) {}

    private final Random random;
    private final LongSupplier next;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Unit> units = new ArrayList<>();
    private final boolean slow;

    /// @param next gives a number that nobody has had
    NonceBatch(Random random, LongSupplier next) {
        this.random = random;
        this.next = next;
        int dice = random.nextInt(100);
        slow = dice >= 94;
        if (dice < 50) prepared(20 + random.nextInt(100));
        else if (dice < 64) queries(1 + random.nextInt(40));
        else if (dice < 74) oneString(2 + random.nextInt(20));
        else if (dice < 82) unnamed(1 + random.nextInt(30));
        else if (dice < 86) inserts(1 + random.nextInt(10));
        else if (dice < 89) transaction();
        else if (dice < 91) transactionInOneString();
        else if (dice < 92) large();
        else if (dice < 94) readOnly();
        else slow();
    }

    private String nonce() {
        return Long.toString(next.getAsLong());
    }

    private void add(Sent... messages) {
        for (var message : messages) bytes.writeBytes(message.bytes());
    }

    private void unit(String types, List<String> nonces) {
        units.add(new Unit(types, List.copyOf(nonces), List.of()));
    }

    private void prepared(int count) {
        var types = new StringBuilder();
        var nonces = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            var nonce = nonce();
            nonces.add(nonce);
            add(Sent.bind("", "nonce", nonce), Sent.execute("", 0));
            types.append("2DC");
            if (i < count - 1 && random.nextInt(30) > 0) continue;
            add(Sent.sync());
            unit(types + "Z", nonces);
            types.setLength(0);
            nonces.clear();
        }
    }

    private void queries(int count) {
        for (int i = 0; i < count; i++) {
            var nonce = nonce();
            add(Sent.query("SELECT '" + nonce + "'"));
            unit("TDCZ", List.of(nonce));
        }
    }

    private void oneString(int count) {
        var sql = new StringBuilder();
        var nonces = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            nonces.add(nonce());
            sql.append("SELECT '").append(nonces.getLast()).append("';");
        }
        add(Sent.query(sql.toString()));
        unit("TDC".repeat(count) + "Z", nonces);
    }

    private void unnamed(int count) {
        var nonces = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            nonces.add(nonce());
            add(Sent.parse("", random.nextBoolean() ? "SELECT $1::text" : "SELECT $1::text AS other"));
            add(Sent.bind("", "", nonces.getLast()), Sent.execute("", 0));
        }
        add(Sent.sync());
        unit("12DC".repeat(count) + "Z", nonces);
    }

    private void inserts(int count) {
        for (int i = 0; i < count; i++) {
            var nonce = nonce();
            add(
                    Sent.parse("", "INSERT INTO kept VALUES ($1) RETURNING nonce"),
                    Sent.bind("", "", nonce),
                    Sent.execute("", 0));
            add(Sent.sync());
            units.add(new Unit("12DCZ", List.of(nonce), List.of(Long.parseLong(nonce))));
        }
    }

    private void transaction() {
        var one = nonce();
        var two = nonce();
        add(Sent.parse("", "BEGIN"), Sent.bind("", ""), Sent.execute("", 0));
        for (var nonce : List.of(one, two)) {
            add(Sent.parse("", "INSERT INTO kept VALUES ($1) RETURNING nonce"));
            add(Sent.bind("", "", nonce), Sent.execute("", 0));
        }
        add(Sent.parse("", "COMMIT"), Sent.bind("", ""), Sent.execute("", 0), Sent.sync());
        units.add(new Unit(
                "12C" + "12DC".repeat(2) + "12CZ",
                List.of(one, two),
                List.of(Long.parseLong(one), Long.parseLong(two))));
    }

    private void transactionInOneString() {
        var one = nonce();
        add(Sent.query("BEGIN; INSERT INTO kept VALUES (" + one + ") RETURNING nonce; COMMIT"));
        units.add(new Unit("CTDCCZ", List.of(one), List.of(Long.parseLong(one))));
    }

    private void large() {
        var nonce = nonce();
        add(Sent.query("SELECT '" + nonce + "' AS nonce, repeat('x', " + LARGE + ") FROM generate_series(1, 20)"));
        unit("T" + "D".repeat(20) + "CZ", Collections.nCopies(20, nonce));
    }

    private void readOnly() {
        var nonces = List.of(nonce(), nonce());
        add(Sent.query("BEGIN READ ONLY"), Sent.query("SELECT '" + nonces.get(0) + "'"));
        add(Sent.query("SELECT '" + nonces.get(1) + "'"), Sent.query("COMMIT"));
        unit("CZ", List.of());
        for (var nonce : nonces) unit("TDCZ", List.of(nonce));
        unit("CZ", List.of());
    }

    private void slow() {
        var nonce = nonce();
        add(Sent.query("SELECT '" + nonce + "', pg_sleep(" + random.nextInt(30) / 1000.0 + ")"));
        unit("TDCZ", List.of(nonce));
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    List<Unit> units() {
        return units;
    }

    /// Whether it is one statement that takes a while, which somebody may want to cancel.
    boolean isSlow() {
        return slow;
    }
}
