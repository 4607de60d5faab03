package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What lasts as long as a server connection, and DISCARD ALL leaves: nobody gets the connection of a client that has
/// gone before its answer.
@Timeout(120)
class LastingTest {
    private static final int SOON = 5_000;
    private static final String SLOTS =
            "SELECT count(*) FROM pg_replication_slots WHERE temporary AND active_pid = pg_backend_pid()";

    private static OneServer one;
    private static int made;

    @BeforeAll
    static void start() throws Exception {
        one = new OneServer("ALTER ROLE " + OneServer.USER + " REPLICATION");
    }

    @AfterAll
    static void stop() throws IOException {
        one.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesWithAClientThatLeavesBehindAQuery(boolean reset) throws Exception {
        leaves(reset, query(slot()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesWithAClientThatLeavesBehindABatch(boolean reset) throws Exception {
        leaves(reset, parse("", slot()), bind("", ""), execute("", 0), sync());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesWithAClientThatLeavesBehindAFlush(boolean reset) throws Exception {
        leaves(reset, parse("", slot()), bind("", ""), execute("", 0), flush());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesWithAClientThatLeavesBehindDo(boolean reset) throws Exception {
        leaves(reset, query("DO $$ BEGIN PERFORM " + slot().substring("SELECT ".length()) + "; END $$"));
    }

    private static String slot() {
        return "SELECT pg_create_physical_replication_slot('lasting" + made++ + "', false, true)";
    }

    private static void leaves(boolean reset, Sent... messages) throws IOException {
        var leaving = one.client();
        for (var each : List.of(messages)) leaving.send(each);
        if (reset) leaving.reset();
        leaving.close();

        try (var next = one.client()) {
            next.send(query(SLOTS));
            assertThat(next.require(SOON).type()).isEqualTo('T');
            assertThat(next.require(SOON).column(0)).isEqualTo("0");
        }
    }
}
