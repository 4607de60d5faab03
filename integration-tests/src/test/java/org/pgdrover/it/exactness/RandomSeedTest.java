package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A client that sets the seed of its random numbers, in whatever words, foretells those of nobody else.
@Timeout(120)
class RandomSeedTest {
    private static final int SOON = 5_000;
    private static final String RANDOM = "SELECT random()";

    /// Since version 16 PostgreSQL refuses to make such a function.
    private static final String OF_CLAUSE =
            "DO $do$BEGIN CREATE FUNCTION of_clause() RETURNS int LANGUAGE sql SET seed = 0.25 AS 'SELECT 1';"
                    + " EXCEPTION WHEN OTHERS THEN"
                    + " CREATE FUNCTION of_clause() RETURNS int LANGUAGE sql AS 'SELECT setseed(0.25); SELECT 1'; END$do$";

    private static OneServer one;

    private WireClient client;
    private WireClient other;
    private List<String> foretold;

    @BeforeAll
    static void start() throws Exception {
        one = new OneServer(
                OF_CLAUSE,
                "CREATE FUNCTION of_text() RETURNS int LANGUAGE plpgsql AS"
                        + " $$BEGIN EXECUTE 's' || 'et seed = 0.25'; RETURN 1; END$$",
                "CREATE FUNCTION of_call() RETURNS int LANGUAGE plpgsql AS"
                        + " $$BEGIN PERFORM set_config('se' || 'ed', '0.25', true); RETURN 1; END$$");
    }

    @AfterAll
    static void stop() throws IOException {
        one.close();
    }

    @BeforeEach
    void connect() throws Exception {
        client = one.client();
        other = one.client();
        try (var direct =
                WireClient.ready(one.rig().primary().port(), Map.of("user", "postgres", "database", Rig.PROXIED))) {
            hear(direct, query("SELECT setseed(0.25)"));
            foretold = random(direct);
        }
    }

    @AfterEach
    void leave() throws IOException {
        client.close();
        other.close();
    }

    /// PostgreSQL does nothing with the seed of a startup message.
    @ParameterizedTest
    @ValueSource(strings = {"seed", "options"})
    void isNotThatOfTheStartupMessage(String parameter) throws Exception {
        var value = parameter.equals("seed") ? "0.25" : "-c seed=0.25";
        var startup = Map.of("user", OneServer.USER, "database", Rig.PROXIED, parameter, value);
        try (var seeded = WireClient.ready(one.rig().proxyPort(), startup)) {
            for (int i = 0; i < 3; i++) assertThat(random(seeded)).doesNotContainAnyElementsOf(foretold);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET seed = 0.25",
                "SELECT setseed(0.25)",
                "SELECT set_config(E'se\\145d', '0.25', false)",
                "SELECT set_config('se' || 'ed', '0.25', false)",
                "SELECT set_config('se' || 'ed', '0.25', true)",
                "SELECT set_config(U&'\\0073eed', '0.25', true)",
                "SET U&\"\\0073eed\" = 0.25",
                "DO $$BEGIN SET LOCAL seed = 0.25; END$$",
                "UPDATE pg_settings SET setting = '0.25' WHERE name = 'seed'",
                "SELECT of_clause()",
                "SELECT of_text()",
                "SELECT of_call()"
            })
    void isNobodyElses(String sets) throws Exception {
        hear(client, query(sets));
        lookForIt();
    }

    @Test
    void isNobodyElsesByAParameter() throws Exception {
        hear(client, parse("", "SELECT set_config($1, '0.25', true)"), bind("", "", "seed"), execute("", 0), sync());
        lookForIt();
    }

    @Test
    void isNobodyElsesBehindAClientThatHasLeft() throws Exception {
        hear(client, query("BEGIN"));
        hear(client, query("DO $$BEGIN SET seed = 0.25; END$$"));
        client.close();
        assertThat(random(other)).doesNotContainAnyElementsOf(foretold);
    }

    /// PostgreSQL keeps the schema of temporary objects as long as the session, and the seed keeps its
    /// client there.
    @ParameterizedTest
    @ValueSource(strings = {"SET seed = 0.25", "SELECT setseed(0.25)", "SELECT of_clause()"})
    void showsNoTemporarySchemaOfOthers(String sets) throws Exception {
        hear(other, query("CREATE TEMP TABLE mine (a int)"));
        hear(other, query("DROP TABLE mine"));
        other.close();

        hear(client, query(sets));

        client.send(query("SELECT pg_temp.missing()"));
        assertThat(until(client, 1).getFirst().sqlState()).isEqualTo("3F000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SET seed = 0.25", "SELECT setseed(0.25)", "SELECT of_clause()"})
    void isTheClientsOwn(String sets) throws Exception {
        hear(client, query(sets));

        assertThat(random(client)).isEqualTo(foretold);
    }

    /// The other client waits for the only server if the first one keeps it: then it leaves.
    private void lookForIt() throws Exception {
        other.send(query("BEGIN"), query(RANDOM), query(RANDOM), query("COMMIT"));
        var begun = other.next(1_000);
        while (begun != null && begun.type() != 'D') begun = other.next(1_000);
        if (begun == null) client.close();
        var heard = new ArrayList<String>();
        if (begun != null) heard.add(begun.column(0));
        heard.addAll(numbers(until(other, 3)));
        assertThat(heard).hasSize(2).doesNotContainAnyElementsOf(foretold);
    }

    private static List<String> random(WireClient of) throws IOException {
        of.send(query("BEGIN"), query(RANDOM), query(RANDOM), query("COMMIT"));
        return numbers(until(of, 4));
    }

    private static List<String> numbers(List<Received> answers) {
        return answers.stream()
                .filter(each -> each.type() == 'D')
                .map(each -> each.column(0))
                .toList();
    }

    private static void hear(WireClient of, Sent... messages) throws IOException {
        of.send(messages);
        assertThat(until(of, 1)).noneMatch(each -> each.type() == 'E');
    }

    private static List<Received> until(WireClient of, int ready) throws IOException {
        var all = new ArrayList<Received>();
        for (int left = ready; left > 0; ) {
            all.add(of.require(SOON));
            if (all.getLast().type() == 'Z') left--;
        }
        return all;
    }
}
