package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.copyDone;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;
import static org.pgdrover.it.exactness.Sent.terminate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A client that sends Sync among copied data costs nobody else anything, on a pool of one server.
@Timeout(120)
class CopiedSyncTest {
    private static final int SOON = 20_000;
    private static final String BAD = "no number\n";
    private static final String GOOD = "1\n";

    private static OneServer one;
    private WireClient client;
    private WireClient other;

    @BeforeAll
    static void start() throws Exception {
        one = new OneServer(
                "CREATE TABLE public.numbers (n int)",
                "GRANT ALL ON public.numbers TO public",
                """
                        CREATE FUNCTION public.raises() RETURNS trigger LANGUAGE plpgsql AS $$
                        BEGIN
                            IF new.n = 8 THEN RAISE 'canceled' USING ERRCODE = '57014'; END IF;
                            IF new.n = 9 THEN RAISE 'violated' USING ERRCODE = '08P01'; END IF;
                            RETURN new;
                        END $$""",
                "CREATE TRIGGER raises BEFORE INSERT ON public.numbers FOR EACH ROW EXECUTE FUNCTION public.raises()");
    }

    @AfterAll
    static void stop() throws IOException {
        one.close();
    }

    @BeforeEach
    void connect() throws Exception {
        client = one.client();
        other = one.client();
    }

    @AfterEach
    void leave() throws IOException {
        client.close();
        other.close();
    }

    /// The errors of the trigger look as if the server had been waiting for data.
    @ParameterizedTest
    @ValueSource(strings = {BAD, "8\n", "9\n"})
    void tellsNobodyElse(String data) throws Exception {
        client.send(query("COPY numbers FROM STDIN"));
        assertThat(client.require(SOON).type()).isEqualTo('G');
        other.send(query("SELECT 'own', txid_current() > 0"));

        client.send(copyData(data), sync(), copyDone(), query("SELECT 'forged', true"));

        assertThat(rows(other)).containsExactly("own");
        looksAtItsOwn(other);
    }

    @ParameterizedTest
    @ValueSource(strings = {BAD, "8\n", "9\n"})
    void tellsNobodyElseBehindAClientThatLeaves(String data) throws Exception {
        client.send(query("COPY numbers FROM STDIN"));
        assertThat(client.require(SOON).type()).isEqualTo('G');

        client.send(copyData(data), sync(), terminate());

        looksAtItsOwn(other);
    }

    @Test
    void leavesTheServerInTheSecondCopyOfAString() throws Exception {
        client.send(query("COPY numbers FROM STDIN; COPY numbers FROM STDIN"));
        assertThat(client.require(SOON).type()).isEqualTo('G');
        client.send(copyData(GOOD), copyDone());
        assertThat(client.require(SOON).type()).isEqualTo('C');
        assertThat(client.require(SOON).type()).isEqualTo('G');

        client.send(terminate());

        looksAtItsOwn(other);
    }

    @Test
    void ignoresASyncInTheSecondCopyOfAString() throws Exception {
        client.send(query("COPY numbers FROM STDIN; COPY numbers FROM STDIN"));
        assertThat(client.require(SOON).type()).isEqualTo('G');
        client.send(copyData(GOOD), copyDone());
        assertThat(client.require(SOON).type()).isEqualTo('C');
        assertThat(client.require(SOON).type()).isEqualTo('G');

        client.send(sync(), copyData(GOOD), sync(), copyData(GOOD), copyDone());

        assertThat(client.require(SOON).type()).isEqualTo('C');
        assertThat(client.require(SOON).type()).isEqualTo('Z');
        looksAtItsOwn(client);
        looksAtItsOwn(other);
    }

    /// Everything is sent before the server says that it takes data, so that it ignores the first Sync
    /// alone.
    @Test
    void givesTheServerBackBehindACopyInOneWrite() throws Exception {
        for (int i = 0; i < 10; i++) {
            client.send(
                    parse("", "COPY numbers FROM STDIN"),
                    bind("", ""),
                    execute("", 0),
                    sync(),
                    copyData(GOOD),
                    copyDone(),
                    sync());
            for (char type : new char[] {'1', '2', 'G', 'C', 'Z'})
                assertThat(client.require(SOON).type()).isEqualTo(type);
            looksAtItsOwn(other);
        }
        looksAtItsOwn(client);
    }

    /// The server has ignored the Sync, as the COPY's end without error shows.
    @Test
    void keepsTheSessionBehindACopyThatSucceeds() throws Exception {
        client.send(query("CREATE TEMP TABLE mine (n int)"));
        assertThat(rows(client)).isEmpty();
        client.send(parse("", "COPY numbers FROM STDIN"), bind("", ""), execute("", 0), flush());
        for (char type : new char[] {'1', '2', 'G'})
            assertThat(client.require(SOON).type()).isEqualTo(type);
        client.send(copyData(GOOD), sync(), copyData(GOOD), copyDone(), flush());
        assertThat(client.require(SOON).type()).isEqualTo('C');

        client.send(parse("", "SELECT 1 / 0"), bind("", ""), execute("", 0), sync());

        assertThat(rows(client)).containsExactly("22012");
        client.send(query("SELECT count(*) FROM mine"));
        assertThat(rows(client)).containsExactly("0");
    }

    @Test
    void keepsTheSessionBehindAStringWhoseCopySucceeds() throws Exception {
        client.send(query("CREATE TEMP TABLE mine (n int)"));
        assertThat(rows(client)).isEmpty();
        client.send(query("COPY numbers FROM STDIN; SELECT 1 / 0"));
        assertThat(client.require(SOON).type()).isEqualTo('G');

        client.send(copyData(GOOD), sync(), copyData(GOOD), copyDone());

        assertThat(rows(client)).containsExactly("22012");
        client.send(query("SELECT count(*) FROM mine"));
        assertThat(rows(client)).containsExactly("0");
    }

    private static void looksAtItsOwn(WireClient of) throws IOException {
        for (int i = 0; i < 10; i++) {
            of.send(query("SELECT 'own " + i + "', txid_current() > 0"));
            assertThat(rows(of)).containsExactly("own " + i);
        }
    }

    private static List<String> rows(WireClient of) throws IOException {
        var rows = new ArrayList<String>();
        while (true) {
            var message = of.require(SOON);
            if (message.type() == 'D') rows.add(message.column(0));
            if (message.type() == 'E') rows.add(message.sqlState());
            if (message.type() == 'Z') return rows;
        }
    }
}
