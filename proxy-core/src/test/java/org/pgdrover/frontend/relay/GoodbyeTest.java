package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;

import io.netty.util.LeakPresenceDetector;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// What a client has sent is released when the client is gone, wherever it was; the pool has one server.
@Timeout(60)
class GoodbyeTest {
    private final RelayRig rig;
    private final ScriptedServer primary;

    GoodbyeTest() throws Exception {
        rig = new RelayRig(1);
        primary = rig.primary();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
        LeakPresenceDetector.check();
    }

    /// The server answers nobody, so that there is nothing that would end by itself.
    @Test
    void endsNothingMoreForWhoHasSaidGoodbyeWhenTheProxyStops() throws Exception {
        primary.on("INSERT 1", (_, _) -> true);
        try (var working = rig.connect();
                var waiting = rig.connect();
                var gone = rig.connect()) {
            working.send(query("INSERT 1"));
            Until.isTrue(() -> primary.count("INSERT 1") > 0);
            waiting.send(query("INSERT 2").message('X'));
            gone.send(query("INSERT 3").message('X'));
            gone.close();
            rig.settle();

            rig.clients().shutDown();

            Until.isTrue(() -> rig.clients().count() == 0);
            assertThat(primary.statements()).noneMatch(each -> each.equals("INSERT 2") || each.equals("INSERT 3"));
        }
    }

    /// What a server is at goes on there, so 57P01, which says that nothing was carried out, would be wrong.
    @ParameterizedTest
    @CsvSource({
        "'', INSERT 1, 08007",
        "'', SELECT unknown(), 08007",
        "'', SELECT 1, 57P01",
        "'', '', 57P01",
        "BEGIN, INSERT 1, 57P01",
        "BEGIN, COMMIT, 08007",
        "BEGIN, INSERT 1; COMMIT, 08007",
        "BEGIN, ROLLBACK, 57P01"
    })
    void saysWhatMayHaveBeenCarriedOutWhenTheProxyStops(String before, String running, String sqlState)
            throws Exception {
        primary.on("BEGIN", (wire, _) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE", (wire, _) -> {
            wire.send(new WireBytes().message('C', "UPDATE 1").message('Z', 'T'));
            return true;
        });
        for (var sql : List.of("INSERT", "SELECT", "COMMIT", "ROLLBACK")) {
            primary.on(sql, (_, _) -> true);
            rig.standby().on(sql, (_, _) -> true);
        }
        try (var client = rig.connect()) {
            if (!before.isEmpty()) {
                client.send(query(before).append(query("UPDATE 1")));
                answers(client, 2);
            }
            if (!running.isEmpty()) {
                client.send(query(running));
                Until.isTrue(() -> primary.count(running) + rig.standby().count(running) > 0);
            }

            rig.clients().shutDown();

            var last = Objects.requireNonNull(client.read());
            assertThat(last.field('S')).isEqualTo("FATAL");
            assertThat(last.field('C')).isEqualTo(sqlState);
            assertThat(client.read()).isNull();
        }
    }

    /// The client's settings are on their way when the client vanishes: who comes next could see their names.
    @Test
    void notesTheCustomParametersOfAClientThatVanishesBeforeTheyAreSet() throws Exception {
        var gone = new CountDownLatch(1);
        var startup = "app.tenant\0startup\0";
        primary.on("BYE", (_, _) -> false);
        rig.connect(startup).close();
        try (var other = rig.connect()) {
            other.send(query("BYE"));
            answers(other, 1);
        }
        primary.on("SET \"app\".\"tenant\" TO 'startup'", (wire, _) -> {
            ScriptedServer.await(gone);
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect(startup)) {
            long before = primary.count("SET");
            client.send(query("INSERT 1"));
            Until.isTrue(() -> primary.count("SET") > before);
            rig.loseLastClient();
        }
        gone.countDown();
        try (var next = rig.connect()) {
            next.send(query("INSERT 2"));
            answers(next, 1);
            int logins = primary.logins();

            next.send(query("SELECT current_setting('app.tenant', true), txid_current()"));
            answers(next, 1);

            assertThat(primary.logins()).isEqualTo(logins + 1);
        }
    }

    /// Its turn comes while no server works for the client, and what is wrong with it is found then.
    @Test
    void releasesABatchThatIsNotAsItMustBe() throws Exception {
        try (var client = rig.connect()) {
            client.send(new WireBytes().message('B', 'x').message('S'));

            for (var message = client.read(); message != null; message = client.read())
                assertThat(message.type()).isEqualTo('E');
        }
        Until.isTrue(() -> rig.clients().count() == 0);
    }

    /// The transaction has begun with it, so that it is kept until it is over.
    @Test
    void releasesABatchWhoseDefaultsAreBeingRestored() throws Exception {
        primary.on("RESET ALL", GoodbyeTest::reset);
        try (var client = rig.connect("application_name\0mine\0")) {
            client.send(query("INSERT 1"));
            answers(client, 1);
            primary.on("application_name", (_, _) -> true);
            long before = primary.count("application_name");

            client.send(query("BEGIN").append(query("RESET ALL")));

            Until.isTrue(() -> primary.count("application_name") > before);
        }
    }

    private static boolean reset(Wire wire, Message message) throws IOException {
        wire.send(new WireBytes().message('C', "RESET").message('Z', 'T'));
        return true;
    }
}
