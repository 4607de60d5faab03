package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;
import static org.pgdrover.it.exactness.Sent.terminate;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a client hears when a question of the proxy's own fails in its transaction: nobody may read `pg_settings`.
@Timeout(120)
class OwnQuestionTest {
    private static final int SOON = 5_000;
    private static final String FOLDED = "SELECT (timestamptz '2024-01-01 05:00' AT TIME ZONE 'UTC')::text";
    private static final String SETS = "DO $$BEGIN PERFORM set_config('TimeZone', 'UTC', true); END$$";
    private static final String FORBIDDEN = "42501";

    private OneServer one;
    private WireClient client;

    @BeforeEach
    void start() throws Exception {
        one = new OneServer(
                "REVOKE ALL ON pg_catalog.pg_settings FROM public",
                "CREATE TABLE public.kept (x int)",
                "GRANT ALL ON public.kept TO public");
        client = one.client();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        one.close();
    }

    /// PostgreSQL asks nothing.
    @Test
    void leavesTheTransactionAsItIs() throws Exception {
        hear(query("BEGIN"));
        hear(query("INSERT INTO kept VALUES (1)"));
        hear(query(SETS));
        hear(parse("p", FOLDED), sync());

        assertThat(errors(hear(query("COMMIT")))).isEmpty();

        assertThat(one.rig().primary().ask(Rig.PROXIED, "SELECT count(*) FROM kept"))
                .isEqualTo("1");
        assertThat(hear(bind("", "p"), execute("", 0), sync()).get(1).column(0)).isEqualTo("2024-01-01 05:00:00");
    }

    /// Nobody can make the statement again as it was.
    @Test
    void endsTheSessionIfTheServerIsLostThatAloneCouldTell() throws Exception {
        hear(query("BEGIN"));
        hear(query(SETS));
        hear(parse("p", FOLDED), sync());
        one.rig()
                .primary()
                .sql(
                        "postgres",
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '"
                                + OneServer.USER + "'");

        client.send(query("SELECT 1"));

        assertThat(client.require(SOON).fields()).containsEntry('S', "FATAL").containsEntry('C', "57P01");
    }

    @Test
    void failsTheStatementThatIsToBePreparedAgain() throws Exception {
        parsedElsewhere();
        hear(query("BEGIN"));
        hear(query(SETS));

        var answers = hear(bind("", "p"), execute("", 0), sync());

        assertThat(errors(answers)).describedAs("%s", said(answers)).containsExactly(FORBIDDEN);
        assertThat(answers.getLast().body()).containsExactly('E');
        hear(query("ROLLBACK"));
        assertThat(errors(hear(bind("", "p"), execute("", 0), sync()))).isEmpty();
    }

    /// The batch is on its way to the server before its end has come.
    @Test
    void failsTheBatchThatComesInPieces() throws Exception {
        parsedElsewhere();
        hear(query("BEGIN"));
        hear(query(SETS));
        client.send(bind("", "p"), flush());
        assertThat(client.require(SOON).fields()).containsEntry('C', FORBIDDEN);

        var answers = hear(execute("", 0), parse("p", "SELECT 1"), query("SELECT 1"), sync());

        assertThat(answers).hasSize(1);
        assertThat(answers.getLast().body()).containsExactly('E');
        hear(query("ROLLBACK"));
        assertThat(errors(hear(bind("", "p"), execute("", 0), sync()))).isEmpty();
    }

    @Test
    void failsTheBatchThatIsOpen() throws Exception {
        parsedElsewhere();
        client.send(parse("", "BEGIN"), bind("", ""), execute("", 0), parse("", SETS), bind("", ""), execute("", 0));
        client.send(flush());
        for (char type : new char[] {'1', '2', 'C', '1', '2', 'C'})
            assertThat(client.require(SOON).type()).isEqualTo(type);

        var answers = hear(bind("", "p"), execute("", 0), sync());

        assertThat(errors(answers)).describedAs("%s", said(answers)).containsExactly(FORBIDDEN);
        assertThat(answers.getLast().body()).containsExactly('E');
        hear(query("ROLLBACK"));
        assertThat(errors(hear(query("SELECT 1")))).isEmpty();
    }

    /// Nothing of the batch was bound before, so that the question is asked outside of it.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failsTheBatchThatHasOnlyPrepared(boolean inPieces) throws Exception {
        parsedElsewhere();
        client.send(query(SETS), parse("", "SELECT 1"), flush());
        for (char type : new char[] {'C', 'Z', '1'})
            assertThat(client.require(SOON).type()).isEqualTo(type);

        client.send(bind("", "p"), execute("", 0), inPieces ? flush() : sync());
        assertThat(client.require(SOON).fields()).containsEntry('C', FORBIDDEN);
        if (inPieces) client.send(sync());

        assertThat(client.require(SOON).body()).containsExactly('I');
        for (int i = 0; i < 3; i++)
            assertThat(errors(hear(bind("", "p"), execute("", 0), sync()))).isEmpty();
        assertThat(errors(hear(query("SELECT 1")))).isEmpty();
    }

    /// The statement is on a standby, and settings have changed since.
    private void parsedElsewhere() throws Exception {
        awaitCatalog();
        hear(query("SET TimeZone = 'Asia/Kolkata'"));
        for (int i = 0; !isOnStandby(FOLDED + " AS t" + (i - 1)); i++) {
            assertThat(i).describedAs("Parses, none of them on a standby").isLessThan(1000);
            assertThat(said(hear(close('S', "p"), parse("p", FOLDED + " AS t" + i), sync())))
                    .isEmpty();
        }
        hear(query("SET TimeZone = 'Asia/Seoul'"));
        hear(query("SELECT txid_current() > 0"));
    }

    /// Before the catalog is read, a call of any function takes the client's statements with it to the primary, and a
    /// client that reads a table stays there.
    private void awaitCatalog() throws Exception {
        var look = "SELECT count(*) AS look%d FROM kept";
        int looks = 0;
        do {
            assertThat(++looks).describedAs("reads, none of them on a standby").isLessThan(1000);
            try (var other = one.client()) {
                other.send(query(look.formatted(looks)));
                while (other.require(SOON).type() != 'Z') continue;
                other.send(terminate());
            }
        } while (!isOnStandby(look.formatted(looks)));
    }

    private boolean isOnStandby(String lastParsed) throws SQLException {
        var activity = "SELECT count(*) FROM pg_stat_activity WHERE usename = '" + OneServer.USER + "' AND query = '"
                + lastParsed.replace("'", "''") + "'";
        for (var node : one.rig().nodes())
            if (node != one.rig().primary() && !node.ask("postgres", activity).equals("0")) return true;
        return false;
    }

    private List<Received> hear(Sent... messages) throws IOException {
        client.send(messages);
        var all = new ArrayList<Received>();
        do all.add(client.require(SOON));
        while (all.getLast().type() != 'Z');
        return all;
    }

    private static List<Map<Character, String>> said(List<Received> answers) {
        return answers.stream()
                .filter(each -> each.type() == 'E')
                .map(Received::fields)
                .toList();
    }

    private static List<String> errors(List<Received> answers) {
        return said(answers).stream().map(each -> each.get('C')).toList();
    }
}
