package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.WireBytes;

/// Under which name a statement goes out: clients share it only if it means the same to them.
@Timeout(60)
class SharedStatementsTest {
    private static final String TEXT = "INSERT shared";

    private final RelayRig rig;
    private final ScriptedServer primary;
    private final List<String> names = new CopyOnWriteArrayList<>();

    SharedStatementsTest() throws Exception {
        rig = new RelayRig(1);
        primary = rig.primary();
    }

    @BeforeEach
    void notesNames() {
        primary.on(TEXT, (wire, message) -> {
            names.add(message.text(0));
            wire.send(new WireBytes().message('1'));
            return true;
        });
        primary.on("SET ", (wire, message) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private void prepare(String setting, String name, String text) throws Exception {
        try (var client = rig.connect()) {
            if (!setting.isEmpty()) {
                client.send(query(setting));
                answers(client, 1);
            }
            client.send(new WireBytes().message('P', name, text, (short) 0).message('S'));
            answers(client, 1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET TimeZone = 'Asia/Tokyo'",
                "SET DateStyle = 'German'",
                "SET IntervalStyle = 'iso_8601'",
                "SET search_path = other",
                "SET standard_conforming_strings = off",
                "SET client_encoding = 'LATIN1'",
                "SET ROLE other",
                "SET app.tenant = 'a'"
            })
    void isNotThatOfASessionWithOtherSettings(String setting) throws Exception {
        prepare("", "mine", TEXT);
        prepare(setting, "mine", TEXT);

        assertThat(names).hasSize(2).doesNotHaveDuplicates().doesNotContain("mine");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "SET application_name = 'x'",
                "SET statement_timeout = '1s'",
                "SET client_min_messages = error"
            })
    void isTheSameWhereSettingsDoNotMatter(String setting) throws Exception {
        prepare("", "mine", TEXT);
        prepare(setting, "another", TEXT);

        // The server judges each client's Parse.
        assertThat(names).hasSize(2);
        assertThat(names.getFirst()).isNotEqualTo("mine");
        assertThat(names.getLast()).isEqualTo(names.getFirst());
    }

    /// What a function has set is told by the server when the statement has been parsed already.
    @Test
    void isPreparedAgainWithTheSettingsThatTheServerHasToldLater() throws Exception {
        primary.on("SET ", (wire, message) -> {
            boolean asked = message.text(0).contains("'asked'");
            wire.send((asked ? ScriptedServer.asked().append(there()) : new WireBytes())
                    .message('C', "SET")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            var parse = new WireBytes().message('P', "mine", TEXT, (short) 0).message('S');
            client.send(query("SELECT set_config('app.x', '1', false)").append(parse));
            answers(client, 2);
            Until.isTrue(() -> primary.count("'asked'") == 1);
            client.send(query("SET TimeZone = 'Asia/Tokyo'"));
            answers(client, 1);
            int before = primary.statements().size();

            client.send(query("PREPARE q AS SELECT 1"));
            answers(client, 1);

            var since =
                    primary.statements().subList(before, primary.statements().size());
            assertThat(since.indexOf(TEXT)).isPositive();
            assertThat(since.subList(0, since.indexOf(TEXT)))
                    .anySatisfy(each -> assertThat(each).contains("\"timezone\" TO 'UTC'"));
        }
    }

    /// What the settings are when the server comes to the statement, only the answer before it tells.
    @Test
    void isPreparedAgainWithItsOwnSettingsBehindAChangeInTheSamePipeline() throws Exception {
        primary.on("RESET", (wire, message) -> {
            wire.send(new WireBytes().message('C', "RESET").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SET TimeZone = 'Asia/Tokyo'"));
            answers(client, 1);
            client.send(new WireBytes().message('P', "mine", TEXT, (short) 0).message('S'));
            answers(client, 1);
            primary.drop();
            Until.isTrue(() -> rig.openServers() == 0);
            int before = primary.statements().size();

            client.send(query("RESET TimeZone").append(bind("mine")).message('S'));
            answers(client, 2);

            var since =
                    primary.statements().subList(before, primary.statements().size());
            int reset = since.indexOf("RESET TimeZone");
            int parsed = since.indexOf(TEXT);
            assertThat(since.subList(reset, parsed))
                    .anySatisfy(each -> assertThat(each).contains("Asia/Tokyo"));
            assertThat(since.subList(parsed, since.size()))
                    .anySatisfy(each -> assertThat(each).contains("RESET \"timezone\""));
        }
    }

    /// A row of the server's answer: the statement is there.
    private WireBytes there() {
        var name = names.getLast().getBytes(StandardCharsets.US_ASCII);
        var kind = "statement".getBytes(StandardCharsets.US_ASCII);
        return new WireBytes().message('D', (short) 3, kind.length, kind, name.length, name, -1);
    }

    @Test
    void isNotSharedIfTheTextsDiffer() throws Exception {
        prepare("", "mine", TEXT);
        prepare("", "mine", TEXT + " ");

        assertThat(names).hasSize(2).doesNotHaveDuplicates();
    }

    /// A table has changed between two clients that share its statement, and an error makes the server
    /// skip the Close.
    @Test
    void isStillThereIfTheServerHasDiscardedItsClose() throws Exception {
        var fail = "INSERT fail";
        primary.on(TEXT, (wire, message) -> {
            names.add(message.text(0));
            var answer = new WireBytes().message('1');
            wire.send(names.size() == 1 ? answer.message('t', (short) 0) : answer.message('t', (short) 1, 23));
            return true;
        });
        primary.on(fail, (wire, message) -> {
            var next = message;
            while (next != null && next.type() != 'C' && next.type() != 'S') next = wire.read();
            wire.send(ScriptedServer.error("22012", "division by zero"));
            while (next != null && next.type() != 'S') next = wire.read();
            wire.send(new WireBytes().message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(new WireBytes().message('P', "mine", TEXT, (short) 0).message('S'));
            answers(client, 1);
            prepare("", "another", TEXT);
            client.send(parsed(fail).append(bound()).message('H'));
            client.send(bind("mine").message('E', "", 0).message('S'));
            answers(client, 1);
            int before = primary.received().length();

            client.send(bind("mine").message('E', "", 0).message('S'));
            answers(client, 1);

            assertThat(primary.received().substring(before)).startsWith("CPD");
        }
    }

    /// The standby has it, and in a failed transaction on the primary nothing can be prepared.
    @Test
    void isNotMadeAnewWhereItIsMissingInAFailedTransaction() throws Exception {
        primary.on("INSERT fail", (wire, message) -> {
            wire.send(ScriptedServer.error("22012", "division by zero").message('Z', 'E'));
            return true;
        });
        primary.on("ROLLBACK", (wire, message) -> {
            names.add(message.text(0));
            wire.send(ScriptedServer.error("42P05", "prepared statement \"x\" already exists"));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(
                    new WireBytes().message('P', "mine", "SELECT 1", (short) 0).message('S'));
            answers(client, 1);
            client.send(query("BEGIN; INSERT fail"));
            answers(client, 1);

            client.send(
                    new WireBytes().message('P', "mine", "ROLLBACK", (short) 0).message('S'));

            assertThat(error(answers(client, 1)).field('M')).isEqualTo("prepared statement \"mine\" already exists");
            assertThat(names).containsExactly("pgdrover_own");
            assertThat(primary.received()).endsWith("CPPS");
        }
    }

    /// Two names of one client have one text, and so one name on the server.
    @Test
    void isPreparedOnceOnAnotherServerForTwoNamesOfOneClient() throws Exception {
        try (var client = rig.connect()) {
            client.send(new WireBytes()
                    .message('P', "one", TEXT, (short) 0)
                    .message('P', "two", TEXT, (short) 0)
                    .message('S'));
            answers(client, 1);
            primary.drop();
            Until.isTrue(() -> rig.openServers() == 0);
            names.clear();

            client.send(bind("one").append(bind("two")).message('S'));

            assertThat(types(answers(client, 1))).isEqualTo("22Z");
            assertThat(names).hasSize(1);
        }
    }

    /// To prepare the other one as it was, settings are changed for a while, by a Query.
    @Test
    void leavesTheUnnamedStatementOfTheSameBatchThere() throws Exception {
        var unnamed = "INSERT unnamed";
        try (var client = rig.connect()) {
            client.send(query("SET TimeZone = 'Asia/Tokyo'"));
            answers(client, 1);
            client.send(new WireBytes().message('P', "mine", TEXT, (short) 0).message('S'));
            answers(client, 1);
            client.send(query("SET TimeZone = 'UTC'"));
            answers(client, 1);
            primary.drop();
            Until.isTrue(() -> rig.openServers() == 0);
            client.send(parsed(unnamed).message('S'));
            answers(client, 1);

            client.send(bind("").append(bind("mine")).message('S'));
            answers(client, 1);

            assertThat(primary.count(unnamed)).isEqualTo(2);
            assertThat(primary.statements().getLast()).contains(unnamed);
        }
    }

    private static WireBytes bind(String statement) {
        return new WireBytes().message('B', "", statement, (short) 0, (short) 0, (short) 0);
    }
}
