package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// What a client hears between the loss of its transaction and the end that it gives the transaction
/// itself.
@Timeout(30)
class TransactionLostTest {
    private RelayRig rig;
    private Wire client;
    private volatile WireBytes afterEnd = new WireBytes();

    @BeforeEach
    void loseATransaction() throws Exception {
        rig = new RelayRig();
        rig.primary().on("BEGIN", (wire, message) -> {
            var begun = new WireBytes().message('C', "BEGIN");
            wire.send(message.text(0).equals("BEGIN") ? begun.message('Z', 'T') : begun.append(afterEnd));
            return true;
        });
        rig.primary().on("UPDATE 1", (_, _) -> false);
        client = rig.connect();
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        rig.close();
    }

    private void begin() throws IOException {
        say(query("BEGIN"));
    }

    private void lose() throws IOException {
        assertThat(error(say(query("UPDATE 1"))).field('C')).isEqualTo("40001");
    }

    /// The server finds an error at a position behind the end of the lost transaction.
    private void loseBeforeAnError() throws IOException {
        begin();
        lose();
        afterEnd = new WireBytes()
                .message('C', "ROLLBACK")
                .message('E', 'S', "ERROR", 'C', "42601", 'M', "no", 'P', "17", (char) 0)
                .message('Z', 'I');
    }

    private List<Message> say(WireBytes messages) throws IOException {
        client.send(messages);
        return answers(client, 1);
    }

    private static WireBytes execute(String name) {
        return new WireBytes()
                .message('B', "", name, (short) 0, (short) 0, (short) 0)
                .message('E', "", 0)
                .message('S');
    }

    @Test
    void runsWhatStandsBehindTheEndInAString() throws Exception {
        begin();
        lose();
        afterEnd = new WireBytes()
                .message('C', "ROLLBACK")
                .message('C', "UPDATE 5")
                .message('Z', 'I');

        var answers = say(query("COMMIT; UPDATE 2"));

        assertThat(rig.primary().count("BEGIN;ROLLBACK; UPDATE 2")).isEqualTo(1);
        assertThat(types(answers)).isEqualTo("CCZ");
        assertThat(answers.getFirst().text(0)).isEqualTo("ROLLBACK");
        assertThat(answers.get(1).text(0)).isEqualTo("UPDATE 5");
        assertThat(answers.getLast().body()).containsExactly('I');
    }

    /// The server counts the positions of errors in characters.
    @Test
    void runsWhatStandsBehindAnEndThatIsNotAscii() throws Exception {
        loseBeforeAnError();

        var answers = say(query("ROLLBACK /* é */; UPDATE 2"));

        assertThat(rig.primary().count("BEGIN;ROLLBACK; UPDATE 2")).isEqualTo(1);
        assertThat(types(answers)).isEqualTo("CEZ");
        assertThat(error(answers).field('P')).isEqualTo("19");
    }

    @Test
    void tellsAnErrorsPositionInTheClientsOwnString() throws Exception {
        loseBeforeAnError();

        assertThat(error(say(query("COMMIT; UPDATE 3"))).field('P')).isEqualTo("9");
    }

    /// The client has been told that its statement has completed.
    @Test
    void isLostWhileDefaultsAreSetAgain() throws Exception {
        rig.primary().on("SET LOCAL TimeZone TO DEFAULT", (wire, _) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'T'));
            return true;
        });
        rig.primary().on("SET LOCAL \"timezone\"", (_, _) -> false);
        try (var zoned = rig.connect("TimeZone\0Asia/Tokyo\0")) {
            zoned.send(query("BEGIN"));
            answers(zoned, 1);
            zoned.send(query("SET LOCAL TimeZone TO DEFAULT"));
            var answers = answers(zoned, 1);
            assertThat(answers.getLast().body()).containsExactly('T');

            zoned.send(query("UPDATE 2"));

            assertThat(error(answers(zoned, 1)).field('C')).isEqualTo("40001");
            zoned.send(query("ROLLBACK"));
            assertThat(answers(zoned, 1).getLast().body()).containsExactly('I');
        }
    }

    /// The proxy's own statement has failed the transaction.
    @Test
    void hearsWhatFailsWhileDefaultsAreSetAgain() throws Exception {
        rig.primary().on("SET LOCAL TimeZone TO DEFAULT", (wire, _) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'T'));
            return true;
        });
        rig.primary().on("SET LOCAL \"timezone\"", (wire, _) -> {
            wire.send(new WireBytes()
                    .message('E', 'S', "ERROR", 'C', "57014", 'M', "canceled", (char) 0)
                    .message('Z', 'E'));
            return true;
        });
        try (var zoned = rig.connect("TimeZone\0Asia/Tokyo\0")) {
            zoned.send(query("BEGIN"));
            answers(zoned, 1);
            zoned.send(query("SET LOCAL TimeZone TO DEFAULT"));

            var answers = answers(zoned, 1);

            assertThat(error(answers).field('C')).isEqualTo("57014");
            assertThat(answers.getLast().body()).containsExactly('E');
        }
    }

    @Test
    void runsNothingBehindAnythingElse() throws Exception {
        begin();
        lose();

        assertThat(error(say(query("SELECT 1; COMMIT; UPDATE 4"))).field('C')).isEqualTo("25P02");
        assertThat(rig.primary().count("UPDATE 4")).isZero();
    }

    @Test
    void knowsWhichStatementsThereAre() throws Exception {
        begin();
        lose();

        assertThat(error(say(execute("s"))).field('M')).isEqualTo("prepared statement \"s\" does not exist");
        assertThat(error(say(execute(""))).field('M')).isEqualTo("unnamed prepared statement does not exist");
        assertThat(error(say(new WireBytes().message('D', 'S', "s").message('S')))
                        .field('C'))
                .isEqualTo("26000");
    }

    @Test
    void forgetsTheUnnamedStatementWithAQuery() throws Exception {
        say(extended("SELECT 5"));
        begin();
        lose();

        assertThat(error(say(new WireBytes().append(bound()).message('S'))).field('C'))
                .isEqualTo("26000");
    }

    /// pgjdbc prepares COMMIT under a name.
    @Test
    void keepsTheStatementThatEndsTheTransaction() throws Exception {
        begin();
        lose();
        var ends = new WireBytes()
                .message('P', "c", "COMMIT", (short) 0)
                .message('D', 'S', "c")
                .append(execute("c"));

        assertThat(types(say(ends))).isEqualTo("1tn2CZ");
        assertThat(types(say(execute("c")))).startsWith("2");
    }

    @Test
    void closesStatements() throws Exception {
        say(new WireBytes().message('P', "s", "SELECT 6", (short) 0).message('S'));
        begin();
        lose();

        say(new WireBytes().message('C', 'S', "s").message('S'));

        assertThat(error(say(execute("s"))).field('C')).isEqualTo("26000");
    }
}
