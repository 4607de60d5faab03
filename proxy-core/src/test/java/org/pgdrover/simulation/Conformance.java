package org.pgdrover.simulation;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// Holds the same conversations with the model and with a real PostgreSQL, and compares what they
/// answer.
///
/// `Conformance PORT SECONDS [FIRST-SEED]`; the database `db` must have what [#SCHEMA] makes.
public final class Conformance {
    /// What the model's world has, for a real database.
    static final String SCHEMA = """
            CREATE TABLE kv (k text PRIMARY KEY, v text);
            INSERT INTO kv VALUES ('shared0', 'begin'), ('shared1', 'begin');
            CREATE SEQUENCE seq;
            ALTER DATABASE db SET app.tenant = '';
            ALTER DATABASE db SET app.x = '';
            CREATE FUNCTION effect(n text) RETURNS text LANGUAGE plpgsql VOLATILE AS
                'BEGIN INSERT INTO kv VALUES (''e-'' || n, n) ON CONFLICT (k) DO UPDATE SET v = excluded.v; RETURN n; END';
            CREATE FUNCTION setter(n text, v text) RETURNS text LANGUAGE plpgsql VOLATILE AS
                'BEGIN PERFORM set_config(n, v, false); RETURN v; END';
            CREATE FUNCTION fail(n text) RETURNS text LANGUAGE plpgsql VOLATILE AS
                'BEGIN RAISE EXCEPTION ''%'', n; END';""";

    /// What only the model has.
    private static final Set<Features> MODEL_ONLY = EnumSet.of(
            Features.REMOTE, Features.VIEW, Features.CANCEL, Features.SUICIDE, Features.SHARED, Features.SLEEP);

    private final int port;
    private final long seed;
    private final List<String> told = new ArrayList<>();

    private Conformance(int port, long seed) {
        this.port = port;
        this.seed = seed;
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        long end = System.nanoTime() + Long.parseLong(arguments[1]) * 1_000_000_000L;
        long seed = arguments.length > 2 ? Long.parseLong(arguments[2]) : System.nanoTime();
        Map<String, Integer> kinds = new TreeMap<>();
        Map<String, String> examples = new TreeMap<>();
        int runs = 0;
        for (; System.nanoTime() < end; seed++, runs++) {
            var difference = difference(port, seed);
            if (difference.isEmpty()) continue;
            var kind = difference.getLast().replaceAll("c?\\d+[nk]\\d+", "#").replaceAll("\\d+", "#");
            kinds.merge(kind, 1, Integer::sum);
            examples.putIfAbsent(
                    kind,
                    seed + ": "
                            + String.join(
                                    "\n    ",
                                    difference.subList(Math.max(0, difference.size() - 14), difference.size())));
        }
        kinds.entrySet().stream()
                .sorted((a, b) -> b.getValue() - a.getValue())
                .limit(12)
                .forEach(each -> System.out.println(each.getValue() + " x " + examples.get(each.getKey())));
        System.out.println(runs + " conversations, "
                + kinds.values().stream().mapToInt(i -> i).sum() + " differ");
    }

    /// The first difference, with what went before; empty if there is none.
    static List<String> difference(int port, long seed) throws IOException {
        var run = new Conformance(port, seed);
        return run.differs() ? run.told : List.of();
    }

    private boolean differs() throws IOException {
        var random = new SplittableRandom(seed);
        var features = Features.draw(random, MODEL_ONLY);
        int number = 1 + (int) (Math.floorMod(seed, 10_000_000L));
        var conversation = new Conversation(random, features, number, false);
        var model = new PrivateSession(Map.of("user", "me", "database", "db"), () -> 1);
        try (var socket = new Socket("127.0.0.1", port)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            var in = new DataInputStream(socket.getInputStream());
            login(socket.getOutputStream());
            while (read(in).type() != 'Z') {
                // the welcome
            }
            model.answers().clear();
            var clean = Conversation.query("DELETE FROM kv WHERE k LIKE 'c%' OR k LIKE 'e-%'");
            socket.getOutputStream().write(Conversation.bytes(clean));
            while (read(in).type() != 'Z') {
                // nobody asks
            }
            for (int i = random.nextInt(25); i >= 0; i--)
                if (!agree(conversation.next(), model, in, socket.getOutputStream())) return true;
        }
        return false;
    }

    private static void login(OutputStream out) throws IOException {
        var parameters = "user\0me\0database\0db\0\0".getBytes(StandardCharsets.UTF_8);
        out.write(ByteBuffer.allocate(8 + parameters.length)
                .putInt(8 + parameters.length)
                .putInt(3 << 16)
                .put(parameters)
                .array());
    }

    private static Answer read(DataInputStream in) throws IOException {
        int type = in.read();
        if (type < 0) return new Answer('-', new byte[0], null);
        var body = new byte[in.readInt() - 4];
        in.readFully(body);
        return new Answer((char) type, body, null);
    }

    private boolean agree(Unit unit, PrivateSession model, DataInputStream in, OutputStream out) throws IOException {
        for (var message : unit.messages()) {
            told.add("< " + Describe.message(message));
            model.feed(message);
            out.write(Conversation.bytes(message));
        }
        var expected = new ArrayList<Answer>();
        for (var answer : model.answers()) if (answer.type() != 'S') expected.add(answer);
        model.answers().clear();
        for (var answer : expected) {
            var actual = read(in);
            while (actual.type() == 'S') actual = read(in);
            told.add("> " + actual);
            if (isAlike(answer, actual)) continue;
            told.add("PostgreSQL " + actual + ", model " + answer);
            return false;
        }
        return true;
    }

    private static boolean isAlike(Answer model, Answer real) {
        if (model.type() != real.type()) return false;
        return switch (model.type()) {
            case 'E', 'N' ->
                model.field('C').equals(real.field('C'))
                        && model.field('S').equals(real.field('S'))
                        && (model.field('M').equals(real.field('M'))
                                || real.field('C').equals("42883"));
            case 'T' -> Arrays.equals(withoutTables(model.body()), withoutTables(real.body()));
            case 'A' -> true;
            default -> model.mask() != null || Arrays.equals(model.body(), real.body());
        };
    }

    private static byte[] withoutTables(byte[] description) {
        var copy = description.clone();
        var reader = new BodyReader(copy);
        int at = 2;
        for (int fields = reader.number16(); fields > 0; fields--) {
            at += reader.string().getBytes(StandardCharsets.UTF_8).length + 1;
            Arrays.fill(copy, at, at + 4, (byte) 0);
            reader.skip(18);
            at += 18;
        }
        return copy;
    }
}
