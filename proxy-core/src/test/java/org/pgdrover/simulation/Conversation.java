package org.pgdrover.simulation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.WireBytes;

/// Invents what one client says; whether it makes sense is for the server to say.
final class Conversation {
    private static final String[] ZONES = {"UTC", "America/New_York", "Asia/Tokyo", "Mars/Olympus"};
    private static final Pattern NONCE = Pattern.compile("c\\d+n\\d+");
    private static final String[] CUSTOM = {"app.tenant", "app.x"};

    private final RandomGenerator random;
    private final List<Features> features;
    private final int client;
    private final boolean aimed;
    private final Set<String> once = new HashSet<>();
    private int nonces;
    private final Set<String> takingParameters = new HashSet<>();
    private int units;
    private boolean hasCancelled;
    private boolean hasBegun;

    Conversation(RandomGenerator random, List<Features> features, int client, boolean aimed) {
        this.aimed = aimed;
        this.random = random;
        this.features = features;
        this.client = client;
    }

    /// Values in statements that are run once at most.
    Set<String> once() {
        return once;
    }

    /// Whether functions may tie its session to a server, also to a standby, and also if they are rolled
    /// back.
    boolean pinsByFunctions() {
        return features.contains(Features.FUNCTION_SET);
    }

    private String runOnce(String sql) {
        if (sql.contains("PREPARE") || sql.contains("EXECUTE")) return sql;
        var found = NONCE.matcher(sql);
        while (found.find()) once.add(found.group());
        return sql;
    }

    // Words

    private String nonce() {
        return "c" + client + "n" + ++nonces;
    }

    /// Says whose a statement is that would not tell.
    private String mine() {
        return " /* c" + client + "k0 */";
    }

    private String key() {
        return "c" + client + "k" + random.nextInt(4);
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    @SafeVarargs
    private <T> T any(T... all) {
        return all[random.nextInt(all.length)];
    }

    private static String quoted(String text) {
        return "'" + text + "'";
    }

    private String read() {
        return any(
                "SELECT v FROM kv WHERE k = " + quoted(key()),
                "SELECT k, v FROM kv WHERE k = " + quoted(key()),
                "SELECT " + quoted(nonce()),
                "SELECT " + quoted(nonce()) + " AS a, 7 AS b");
    }

    private String write() {
        return any(
                "INSERT INTO kv VALUES (" + quoted(key()) + ", " + quoted(nonce()) + ")",
                upsert(),
                upsert() + " RETURNING v",
                "UPDATE kv SET v = " + quoted(nonce()) + " WHERE k = " + quoted(key()),
                "UPDATE kv SET v = " + quoted(nonce()) + " WHERE k = " + quoted(key()) + " RETURNING v",
                "DELETE FROM kv WHERE k = " + quoted(key()));
    }

    private String upsert() {
        return "INSERT INTO kv VALUES (" + quoted(key()) + ", " + quoted(nonce())
                + ") ON CONFLICT (k) DO UPDATE SET v = excluded.v";
    }

    private String error() {
        return any(
                "SELECT 1/0",
                "SELECT fail(" + quoted(nonce()) + ")",
                "SELECT x FROM missing_" + nonce(),
                "SELEC " + quoted(nonce()));
    }

    private String set() {
        return any(
                "SET TimeZone = " + quoted(any(ZONES)),
                "SET TimeZone TO " + quoted(any(ZONES)),
                "SET IntervalStyle = 'iso_8601'",
                "SET DateStyle = 'ISO, DMY'",
                "SET application_name = " + quoted(nonce()),
                "SET search_path = 'public'",
                "SET statement_timeout = '10s'",
                "SET TimeZone TO DEFAULT",
                "RESET TimeZone",
                "RESET application_name",
                "RESET search_path",
                show());
    }

    private String show() {
        return "SHOW "
                + any("TimeZone", "application_name", "search_path", "statement_timeout", "IntervalStyle", "DateStyle");
    }

    private String custom() {
        var name = any(CUSTOM);
        return any(
                "SET " + name + " = " + quoted(nonce()),
                "SET " + name + " = " + quoted(nonce()),
                "RESET " + name,
                "SHOW " + name,
                "SELECT current_setting(" + quoted(name) + ", true)",
                "SELECT current_setting(" + quoted(name) + ")");
    }

    private String setLocal() {
        return any(
                "SET LOCAL TimeZone = " + quoted(any(ZONES)),
                "SET LOCAL app.x = " + quoted(nonce()),
                "SELECT set_config('app.tenant', " + quoted(nonce()) + ", true)");
    }

    private String transaction() {
        return any("BEGIN", "BEGIN", "START TRANSACTION", "COMMIT", "COMMIT", "ROLLBACK");
    }

    private String savepoint() {
        var name = any("a", "b");
        return any("SAVEPOINT " + name, "ROLLBACK TO " + name, "RELEASE " + name, "SAVEPOINT " + name);
    }

    private String readOnly() {
        return any(
                "BEGIN READ ONLY",
                "BEGIN READ ONLY",
                "START TRANSACTION READ ONLY",
                "BEGIN READ WRITE",
                "SET TRANSACTION READ ONLY",
                "COMMIT");
    }

    private String prepare() {
        // Names of both kinds meet, but not where no Sync ends a batch: there they are not looked for.
        var name = features.contains(Features.FLUSH) ? any("p", "q") : any("p", "q", "s1");
        return any(
                "PREPARE " + name + " AS SELECT " + quoted(nonce()),
                "EXECUTE " + name,
                "EXECUTE " + name,
                "DEALLOCATE " + name,
                "DEALLOCATE ALL");
    }

    private String cursor() {
        var name = any("cur", "cur2");
        var series = "SELECT g FROM generate_series(1, " + (1 + random.nextInt(9)) + ") g";
        return any(
                "DECLARE " + name + " CURSOR FOR " + series + mine(),
                "DECLARE " + name + " CURSOR WITH HOLD FOR " + series + mine(),
                "FETCH 2 FROM " + name,
                "FETCH 3 FROM " + name,
                "CLOSE " + name);
    }

    private String temporary() {
        var name = any("t_a", "t_b");
        return any(
                "CREATE TEMP TABLE " + name + " (x text)" + mine(),
                "CREATE TEMP TABLE " + name + " (x text) ON COMMIT DROP" + mine(),
                "INSERT INTO " + name + " VALUES (" + quoted(nonce()) + ")",
                "SELECT count(*) FROM " + name,
                "DROP TABLE " + name);
    }

    private String listen() {
        var channel = "ch_c" + client + "k" + random.nextInt(2);
        return any(
                "LISTEN " + channel, "NOTIFY " + channel + ", " + quoted(nonce()), "UNLISTEN " + channel, "UNLISTEN *");
    }

    private String lock() {
        int key = client * 100 + random.nextInt(2);
        return any(
                "SELECT pg_advisory_lock(" + key + ")",
                "SELECT pg_try_advisory_lock(" + key + ")",
                "SELECT pg_advisory_unlock(" + key + ")",
                "SELECT pg_advisory_unlock(" + key + ")",
                "SELECT pg_advisory_xact_lock(" + key + ")",
                "SELECT pg_advisory_unlock_all()");
    }

    /// What a session remembers of sequences is promised within a transaction only.
    private String sequence() {
        return any(
                "SELECT nextval('seq')",
                "SELECT nextval('seq'); SELECT lastval()",
                "BEGIN; SELECT nextval('seq'); SELECT currval('seq'); COMMIT");
    }

    private String zone() {
        return "SELECT date_part('epoch', '2024-01-01 0" + random.nextInt(2) + ":00'::timestamptz)";
    }

    private String functionSet() {
        var name = any("app.x", "TimeZone");
        var value = name.equals("TimeZone") ? any("UTC", "Asia/Tokyo") : nonce();
        return any(
                "SELECT set_config(" + quoted(name) + ", " + quoted(value) + ", false)",
                "SELECT setter(" + quoted(name) + ", " + quoted(value) + ")",
                "DO $$BEGIN PERFORM set_config(" + quoted(name) + ", " + quoted(value) + ", false); END$$",
                "SHOW " + name.toLowerCase(java.util.Locale.ROOT));
    }

    /// A statement for a feature that has one statement's form.
    private String statement(Features feature) {
        return switch (feature) {
            case WRITE -> write();
            case SHARED -> {
                var key = quoted(Shared.key(random.nextInt(2)));
                yield chance(60)
                        ? "SELECT v FROM kv WHERE k = " + key
                        : "UPDATE kv SET v = " + quoted(nonce()) + " WHERE k = " + key;
            }
            case TRANSACTION -> transaction();
            case READ_ONLY -> readOnly();
            case SAVEPOINT -> savepoint();
            case SET -> set();
            case CUSTOM -> custom();
            case SET_LOCAL -> setLocal();
            case RESET_ALL -> "RESET ALL";
            case PREPARE -> prepare();
            case CURSOR -> cursor();
            case TEMPORARY -> temporary();
            case LISTEN -> listen();
            case LOCK -> lock();
            case NOTICE -> "DO $$BEGIN RAISE NOTICE " + quoted(nonce()) + "; END$$";
            case ERROR -> error();
            case SLEEP -> "SELECT pg_sleep(" + any("0.001", "0.05", "2") + ")";
            case EFFECT -> "SELECT effect(" + quoted(nonce()) + ")";
            case VIEW -> "SELECT n FROM " + any("v_effect", "v_remote") + " WHERE n <> " + quoted(nonce());
            case REMOTE -> "SELECT remote(" + quoted(nonce()) + ")";
            case LARGE -> "SELECT g FROM generate_series(1, " + (300 + random.nextInt(3_000)) + ") g";
            case SEQUENCE -> sequence();
            case ZONE -> zone();
            case FUNCTION_SET -> functionSet();
            default -> read();
        };
    }

    private String statement() {
        return statement(features.get(random.nextInt(features.size())));
    }

    // Units

    Unit writes() {
        var sql = write();
        // The unnamed statement may be bound again later.
        return chance(50) ? Unit.of(query(runOnce(sql))) : new Unit(batch(sql), false);
    }

    Unit next() {
        units++;
        if (aimed && hasCancelled && chance(70)) {
            hasCancelled = false;
            return Unit.of(query("SELECT pg_sleep(0.02)"));
        }
        var unit = invent();
        hasCancelled = unit.cancelled();
        return unit;
    }

    /// Whether a statement that is to be cancelled may be over before.
    static boolean isShort(Unit unit) {
        return unit.messages().getFirst().text(0).contains("0.02");
    }

    private Unit invent() {
        var feature = features.get(random.nextInt(features.size()));
        return switch (feature) {
            case NAMED, EXTENDED -> extended();
            case PIPELINE -> pipeline();
            case PORTAL -> portal();
            case SEVERAL -> several();
            case DISCARD -> Unit.of(query("DISCARD ALL"));
            case COPY -> copy();
            case CANCEL -> new Unit(List.of(query("SELECT pg_sleep(" + any("0.02", "5") + ")")), true);
            case SUICIDE ->
                units > 3 && chance(30)
                        ? Unit.of(query("SELECT pg_terminate_backend(pg_backend_pid())"))
                        : Unit.of(query(read()));
            case FLUSH -> flush();
            default ->
                features.contains(Features.EXTENDED) && chance(40)
                        ? new Unit(batch(statement(feature)), false)
                        : Unit.of(query(runOnce(statement(feature))));
        };
    }

    private Unit several() {
        if (aimed && features.contains(Features.WRITE) && chance(60)) {
            hasBegun = !hasBegun;
            return Unit.of(query(hasBegun ? "BEGIN" : runOnce(upsert() + "; COMMIT")));
        }
        if (chance(20)) return Unit.of(query("BEGIN; " + set() + "; COMMIT"));
        if (chance(20)) return Unit.of(query(runOnce(upsert() + "; COMMIT")));
        var all = new ArrayList<String>();
        for (int i = 1 + random.nextInt(3); i >= 0; i--) all.add(statement());
        return Unit.of(query(runOnce(String.join("; ", all))));
    }

    private Unit copy() {
        if (chance(40)) return Unit.of(query("COPY (SELECT g FROM generate_series(1, 5) g) TO STDOUT"));
        var messages = new ArrayList<Message>();
        messages.add(query("COPY kv FROM STDIN"));
        for (int i = random.nextInt(3); i > 0; i--)
            messages.add(message('d', (key() + "\t" + nonce() + "\n").getBytes(StandardCharsets.UTF_8)));
        messages.add(chance(80) ? message('c') : message('f', "no more"));
        return new Unit(messages, false);
    }

    private String statementName() {
        return features.contains(Features.NAMED) && chance(70) ? any("s0", "s1", "s2") : "";
    }

    private Unit extended() {
        var messages = new ArrayList<Message>();
        var name = statementName();
        switch (random.nextInt(6)) {
            case 0 -> messages.addAll(List.of(parse(name, prepared()), message('D', 'S', name)));
            case 1 -> messages.addAll(run(name));
            case 2 -> messages.add(message('C', 'S', name));
            default -> {
                if (!name.isEmpty() && chance(50)) messages.add(message('C', 'S', name));
                messages.add(parse(name, prepared()));
                messages.addAll(run(name));
            }
        }
        messages.add(message('S'));
        return new Unit(messages, false);
    }

    /// A text that several clients share, or one of this client's own.
    private String prepared() {
        if (features.contains(Features.ZONE) && features.contains(Features.FLUSH)) return read();
        if (features.contains(Features.ZONE) && chance(aimed ? 80 : 50)) return zone();
        return any(
                "SELECT v FROM kv WHERE k = $1",
                "SELECT $1::text",
                "INSERT INTO kv VALUES ($1, $1) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
                "UPDATE kv SET v = $1 WHERE k = " + quoted(key()),
                statement(),
                statement());
    }

    /// Binds with as many parameters as may be right; in an aimed seed it mostly is.
    private List<Message> run(String name) {
        var messages = new ArrayList<Message>();
        boolean parameter = chance(60);
        if (aimed && chance(90)) parameter = takingParameters.contains(name);
        messages.add(parameter ? bind("", name, key()) : bind("", name));
        if (chance(50)) messages.add(message('D', 'P', ""));
        messages.add(message('E', "", 0));
        return messages;
    }

    private List<Message> batch(String sql) {
        return List.of(
                parse("", sql),
                message('B', "", "", (short) 0, (short) 0, (short) 0),
                message('D', 'P', ""),
                message('E', "", 0),
                message('S'));
    }

    private Unit pipeline() {
        var messages = new ArrayList<Message>();
        for (int i = 1 + random.nextInt(4); i >= 0; i--) {
            var name = statementName();
            switch (random.nextInt(5)) {
                case 0 -> messages.add(parse(name, prepared()));
                case 1 -> messages.addAll(run(name));
                case 2 -> {
                    messages.add(message('B', "", chance(50) ? "missing" : name, (short) 0, (short) 0, (short) 0));
                    messages.add(parse(name, prepared()));
                }
                default -> {
                    messages.add(parse(name, statement()));
                    messages.add(bind("", name));
                    messages.add(message('E', "", 0));
                }
            }
            if (chance(40)) messages.add(message('S'));
        }
        messages.add(message('S'));
        return new Unit(messages, false);
    }

    private Unit portal() {
        var messages = new ArrayList<Message>();
        var portal = chance(50) ? "" : "c";
        messages.add(parse("", "SELECT g FROM generate_series(1, " + (1 + random.nextInt(12)) + ") g"));
        messages.add(bind(portal, ""));
        messages.add(message('E', portal, 1 + random.nextInt(5)));
        if (chance(60)) messages.add(message('E', portal, random.nextInt(5)));
        if (chance(30)) messages.add(message('C', 'P', portal));
        if (chance(30)) messages.add(message('E', portal, 2));
        messages.add(message('S'));
        return new Unit(messages, false);
    }

    private Unit flush() {
        var messages = new ArrayList<Message>();
        messages.add(parse(statementName(), prepared()));
        if (chance(50)) messages.add(message('H'));
        messages.addAll(run(statementName()));
        messages.add(message(chance(50) ? 'H' : 'S'));
        return new Unit(messages, false);
    }

    // Messages

    static Message message(char type, Object... fields) {
        var bytes = new WireBytes().message(type, fields).bytes();
        return new Message(type, Arrays.copyOfRange(bytes, 5, bytes.length));
    }

    static Message query(String sql) {
        return message('Q', sql);
    }

    private Message parse(String name, String sql) {
        if (sql.contains("$1")) takingParameters.add(name);
        else takingParameters.remove(name);
        return message('P', name, sql, (short) 0);
    }

    private static Message bind(String portal, String statement, String... parameters) {
        var fields = new ArrayList<Object>(List.of(portal, statement, (short) 0, (short) parameters.length));
        for (var parameter : parameters) {
            var bytes = parameter.getBytes(StandardCharsets.UTF_8);
            fields.add(bytes.length);
            fields.add(bytes);
        }
        fields.add((short) 0);
        return message('B', fields.toArray());
    }

    static byte[] bytes(Message message) {
        return new WireBytes().message(message.type(), (Object) message.body()).bytes();
    }
}
