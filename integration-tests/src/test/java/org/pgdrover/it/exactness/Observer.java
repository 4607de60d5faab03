package org.pgdrover.it.exactness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A client that asks each server that it is lent for what other sessions have left there.
final class Observer {
    private static final int PATIENCE = 60_000;
    private static final String UNDEFINED = "55000";
    private static final String PROBE = Vocabulary.text("probe.sql");

    private final Rig rig;
    private final Map<String, String> startup;
    private final Random random;
    private final Leaks leaks;

    Observer(Rig rig, Map<String, String> startup, Random random, Leaks leaks) {
        this.rig = rig;
        this.startup = startup;
        this.random = random;
        this.leaks = leaks;
    }

    void run(BooleanSupplier going) {
        while (going.getAsBoolean()) {
            try (var client = WireClient.ready(rig.proxyPort(), startup)) {
                for (int i = random.nextInt(20); i >= 0 && going.getAsBoolean(); i--) look(client);
                client.send(Sent.terminate());
            } catch (IOException lost) {
                leaks.event("observer: " + lost.getMessage());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    private void look(WireClient client) throws IOException {
        boolean readOnly = random.nextInt(3) == 0;
        boolean inTransaction = readOnly || random.nextBoolean();
        if (inTransaction) {
            for (var answer : ask(client, readOnly ? "BEGIN READ ONLY" : "BEGIN"))
                if (answer.type() == 'N')
                    leaks.found("lent in a transaction", answer.fields().toString());
        }
        judge(ask(client, PROBE), readOnly);
        judgeSequence(ask(client, "SELECT lastval()"));
        if (!inTransaction) return;
        if (random.nextInt(3) == 0) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        ask(client, "ROLLBACK");
    }

    private List<Received> ask(WireClient client, String sql) throws IOException {
        client.send(Sent.query(sql));
        var answers = new ArrayList<Received>();
        do answers.add(client.require(PATIENCE));
        while (answers.getLast().type() != 'Z');
        for (var answer : answers)
            if (answer.type() == 'A') leaks.found("notification", new String(answer.body(), StandardCharsets.UTF_8));
        return answers;
    }

    private void judge(List<Received> answers, boolean readOnly) {
        leaks.looked();
        var reference = leaks.reference();
        var server = "";
        for (var answer : answers) {
            if (answer.type() == 'E')
                leaks.found("probe failed", answer.fields().toString());
            if (answer.type() != 'D') continue;
            var what = answer.column(0);
            var value = answer.column(1);
            if (what.equals("pid")) leaks.server(server = value);
            else if (readOnly && what.equals("setting transaction_read_only")) continue;
            else if (what.startsWith("setting ") && value.equals(reference.get(what.substring(8)))) continue;
            else leaks.found(what, value + " on server " + server);
        }
    }

    private void judgeSequence(List<Received> answers) {
        for (var answer : answers) {
            if (answer.type() == 'D') leaks.found("lastval()", answer.column(0));
            if (answer.type() == 'E' && !answer.sqlState().equals(UNDEFINED))
                leaks.found("lastval()", answer.fields().toString());
        }
    }

    /// The settings of a fresh session of the same user.
    static Map<String, String> settings(Rig rig, Map<String, String> startup) throws IOException {
        var settings = new HashMap<String, String>();
        var parameters = new HashMap<>(startup);
        parameters.put("database", Rig.DIRECT);
        try (var client = WireClient.ready(rig.directPort(), parameters)) {
            client.send(Sent.query("SELECT name, setting FROM pg_settings"));
            for (var answer = client.require(PATIENCE); answer.type() != 'Z'; answer = client.require(PATIENCE))
                if (answer.type() == 'D') settings.put(answer.column(0), answer.column(1));
            client.send(Sent.terminate());
        }
        return settings;
    }
}
