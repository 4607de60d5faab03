package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.copyDone;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;
import static org.pgdrover.it.exactness.Sent.terminate;

import java.io.EOFException;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a batch that has no Sync yet; all clients share one server.
@Timeout(120)
class OpenBatchTest {
    private static final int SOON = 5_000;
    /// Returns when they are gone.
    private static final String TERMINATE =
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '" + OneServer.USER + "'";
    private static final Sent[] INSERT = {parse("", "INSERT INTO kept VALUES (1)"), bind("", ""), execute("", 0)};

    private OneServer one;

    enum Goodbye {
        TERMINATE,
        CLOSE,
        RESET
    }

    @BeforeEach
    void start() throws Exception {
        one = new OneServer(
                "CREATE TABLE public.kept (x int)",
                "CREATE SEQUENCE public.drawn",
                "CREATE PROCEDURE public.commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'",
                "GRANT ALL ON public.kept, public.drawn TO public");
    }

    @AfterEach
    void stop() throws IOException {
        one.close();
    }

    private WireClient client() throws IOException {
        return one.client();
    }

    @ParameterizedTest
    @EnumSource
    void isRolledBack(Goodbye goodbye) throws Exception {
        var leaving = client();
        leaving.send(INSERT);
        leaving.send(flush());
        for (char type : new char[] {'1', '2', 'C'})
            assertThat(leaving.require(SOON).type()).isEqualTo(type);

        if (goodbye == Goodbye.TERMINATE) leaving.send(terminate());
        if (goodbye == Goodbye.RESET) leaving.reset();
        leaving.close();

        assertThat(kept()).isEqualTo("0");
    }

    /// The server that had the statement is lost, and somebody has locked what it reads.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isCanceledWhileItsStatementIsPreparedAgain(boolean inTransaction) throws Exception {
        try (var client = client();
                var locking = one.rig().primary().connect(Rig.PROXIED);
                var statement = locking.createStatement()) {
            client.send(
                    parse("p", "INSERT INTO kept SELECT 1 WHERE false"), parse("q", "SELECT txid_current()"), sync());
            readUpTo(client, 'Z');
            one.rig().primary().sql(Rig.PROXIED, TERMINATE);
            if (inTransaction) {
                client.send(query("BEGIN; SELECT txid_current()"));
                readUpTo(client, 'Z');
            }
            locking.setAutoCommit(false);
            statement.execute("LOCK TABLE kept IN ACCESS EXCLUSIVE MODE");
            client.send(bind("", "q"), execute("", 0), bind("", "p"), execute("", 0), sync());
            waitForALock();

            client.cancel(one.rig().proxyPort());

            assertThat(readUpTo(client, 'E').fields()).containsEntry('C', "57014");
            assertThat(readUpTo(client, 'Z').body()).containsExactly(inTransaction ? 'E' : 'I');
            locking.rollback();
            client.send(query("ROLLBACK"));
            readUpTo(client, 'Z');
            client.send(bind("", "p"), execute("", 0), sync());
            assertThat(client.require(SOON).type()).isEqualTo('2');
        }
    }

    private void waitForALock() throws Exception {
        var waits = "SELECT count(*) FROM pg_stat_activity WHERE usename = '" + OneServer.USER
                + "' AND wait_event_type = 'Lock'";
        for (int i = 0; one.rig().primary().ask("postgres", waits).equals("0"); i++) {
            assertThat(i).describedAs("looks at who waits").isLessThan(500);
            Thread.sleep(10);
        }
    }

    /// The transaction of what stands before a Query goes on behind it, and only the client's Sync may commit that.
    @Test
    void isRolledBackBehindAQueryByWhatFailsLater() throws Exception {
        try (var client = client()) {
            client.send(parse("fails", "INSERT INTO kept VALUES (1 / $1::int)"), sync());
            readUpTo(client, 'Z');
            // So that the proxy has to prepare the statement again.
            one.rig().primary().sql(Rig.PROXIED, TERMINATE);

            client.send(INSERT);
            client.send(query("SELECT 2"));
            assertThat(readUpTo(client, 'Z').body()).containsExactly('T');
            client.send(bind("", "fails", "0"), execute("", 0), sync());
            assertThat(readUpTo(client, 'Z').body()).containsExactly('I');

            assertThat(kept()).isEqualTo("0");
        }
    }

    enum Manner {
        AT_ONCE,
        IN_TURN,
        BEHIND_CLOSE
    }

    /// PostgreSQL takes such a Sync for the end without ending anything: the server would refuse the next statement,
    /// whosever that is, and lose what was done.
    @ParameterizedTest
    @EnumSource
    void isCommittedBySyncAloneBehindAQuery(Manner manner) throws Exception {
        try (var client = client()) {
            client.send(INSERT);
            client.send(query("SELECT 2"));
            if (manner != Manner.AT_ONCE)
                assertThat(readUpTo(client, 'Z').body()).containsExactly('T');
            if (manner == Manner.BEHIND_CLOSE) client.send(close('S', "none"), flush());
            client.send(sync());
            if (manner == Manner.AT_ONCE) readUpTo(client, 'Z');
            assertThat(readUpTo(client, 'Z').body()).containsExactly('I');

            assertThat(kept()).isEqualTo("1");
            client.send(query("SELECT 3"));
            assertThat(client.require(SOON).type()).isEqualTo('T');
        }
    }

    /// A Sync is ignored while the server takes copied data, and nothing may be sent before that.
    @Test
    void isCommittedBehindACopy() throws Exception {
        try (var client = client()) {
            client.send(INSERT);
            client.send(query("COPY kept FROM STDIN"), sync());
            client.send(copyData("2\n"), copyDone(), sync());
            assertThat(readUpTo(client, 'G').type()).isEqualTo('G');
            assertThat(readUpTo(client, 'C').type()).isEqualTo('C');
            assertThat(readUpTo(client, 'Z').body()).containsExactly('T');
            assertThat(readUpTo(client, 'Z').body()).containsExactly('I');

            assertThat(kept()).isEqualTo("2");
        }
    }

    /// The proxy gives the server the client's statements under their own names, for the large text may look for
    /// them. One cannot be prepared there: with that the server discards the batch, and its client has to hear so.
    @Test
    void isNotDiscardedInSilence() throws Exception {
        var search = Map.of("user", OneServer.USER, "database", Rig.PROXIED, "search_path", "public");
        try (var client = WireClient.ready(one.rig().proxyPort(), search)) {
            client.send(
                    parse("s", "INSERT INTO kept VALUES ($1)"),
                    sync(),
                    query("SET search_path = pg_temp"),
                    parse("", "SELECT 1"),
                    parse("", "/*" + " ".repeat(300_000) + "*/"),
                    sync());
            readUpTo(client, 'Z');
            readUpTo(client, 'Z');

            assertThat(client.require(SOON).type()).isEqualTo('1');
            assertThat(client.require(SOON).type()).isIn('1', 'E');
            assertThat(client.require(SOON).type()).isEqualTo('Z');
        }
    }

    /// Behind a setting of the proxy's own for the other statement PostgreSQL would let the procedure not commit.
    @Test
    void isNoPipelineBehindWhatItsOtherStatementsNeed() throws Exception {
        try (var client = client()) {
            parsedWithOtherSettings(client);
            client.send(parse("", "CALL public.commits()"), flush());
            assertThat(client.require(SOON).type()).isEqualTo('1');

            client.send(describe('S', "p"), bind("", ""), execute("", 0), sync());

            assertThat(readUpTo(client, '2').type()).isEqualTo('2');
            assertThat(client.require(SOON).type()).isEqualTo('C');
            assertThat(client.require(SOON).body()).containsExactly('I');
        }
    }

    /// What was parsed has taken the transaction's snapshot.
    @ParameterizedTest
    @ValueSource(strings = {"BEGIN ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"})
    void hasItsSnapshotBehindWhatItsOtherStatementsNeed(String modes) throws Exception {
        try (var client = client()) {
            parsedWithOtherSettings(client);
            client.send(parse("", "SELECT 1"), flush());
            assertThat(client.require(SOON).type()).isEqualTo('1');

            client.send(parse("", modes), describe('S', "p"), bind("", ""), execute("", 0), sync());

            assertThat(readUpTo(client, 'E').fields()).containsEntry('C', "25001");
            assertThat(client.require(SOON).body()).containsExactly('I');
        }
    }

    /// Behind a NOTIFY of the proxy's own PostgreSQL 17 and later would keep the Query's transaction open.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesNoTransactionOpenBehindACommitWithoutSync(boolean answered) throws Exception {
        try (var client = client()) {
            client.send(query("LISTEN heard"));
            readUpTo(client, 'Z');
            client.send(parse("", "COMMIT"), bind("", ""), execute("", 0), flush());
            if (answered) readUpTo(client, 'C');

            client.send(query("NOTIFY heard"));

            readUpTo(client, 'A');
            assertThat(readUpTo(client, 'Z').body()).containsExactly('I');
        }
    }

    /// The server that had the statement p is lost.
    private void parsedWithOtherSettings(WireClient client) throws Exception {
        client.send(query("SET TimeZone = 'Asia/Tokyo'"), parse("p", "SELECT now()::date"), sync());
        readUpTo(client, 'Z');
        readUpTo(client, 'Z');
        client.send(query("SET TimeZone = 'UTC'"));
        readUpTo(client, 'Z');
        one.rig().primary().sql(Rig.PROXIED, TERMINATE);
    }

    private static Received readUpTo(WireClient client, char type) throws IOException {
        while (true) {
            var heard = client.require(SOON);
            if (heard.type() == type) return heard;
        }
    }

    /// Without Flush PostgreSQL says nothing of the second statement, which runs all the same.
    @Test
    void endsWithTheGoodbyeOfItsClient() throws Exception {
        try (var leaving = client()) {
            leaving.send(INSERT);
            leaving.send(flush());
            for (int i = 0; i < 3; i++) leaving.require(SOON);

            leaving.send(parse("", "SELECT nextval('drawn')"), bind("", ""), execute("", 0), terminate());

            readToTheEnd(leaving);
            assertThat(kept()).isEqualTo("0");
            assertThat(one.rig().primary().ask(Rig.PROXIED, "SELECT is_called FROM public.drawn"))
                    .isEqualTo("t");
        }
    }

    private static void readToTheEnd(WireClient client) throws IOException {
        try {
            while (true) client.require(SOON);
        } catch (EOFException end) {
            // As it should.
        }
    }

    /// As another client sees it, who gets the server when it is clean.
    private String kept() throws IOException {
        try (var other = client()) {
            other.send(query("SELECT count(*) FROM kept"));
            assertThat(other.require(SOON).type()).isEqualTo('T');
            return other.require(SOON).column(0);
        }
    }
}
