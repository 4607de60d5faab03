package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.query;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// A session whose READ ONLY transaction has left something on a standby that only the standby has.
@Timeout(30)
class PinnedToStandbyTest {
    private static void script(ScriptedServer server) {
        server.on("BEGIN", (wire, message) -> {
            boolean refused = message.text(0).equals("BEGIN READ WRITE");
            wire.send(
                    refused
                            ? ScriptedServer.error("0A000", "cannot set transaction read-write mode during recovery")
                                    .message('Z', 'I')
                            : new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        for (var text : new String[] {"SELECT 1", "pg_advisory_lock"})
            server.on(text, (wire, _) -> {
                wire.send(server.rows().message('C', "SELECT 1").message('Z', 'T'));
                return true;
            });
        server.on("COMMIT", (wire, _) -> {
            wire.send(new WireBytes().message('C', "COMMIT").message('Z', 'I'));
            return true;
        });
        server.on("'asked'", (wire, _) -> {
            wire.send(ScriptedServer.asked()
                    .append(ScriptedServer.held("locks"))
                    .message('C', "SELECT 2")
                    .message('Z', 'I'));
            return true;
        });
    }

    private static String say(Wire client, String sql) throws Exception {
        client.send(query(sql));
        return RelayRig.types(answers(client, 1));
    }

    @Test
    void hearsWhatTheStandbyRefuses() throws Exception {
        try (var rig = new RelayRig();
                var client = rig.connect()) {
            script(rig.standby());
            say(client, "BEGIN READ ONLY");
            say(client, "SELECT 1");
            say(client, "SELECT pg_advisory_lock(1)");
            say(client, "COMMIT");
            Until.isTrue(() -> rig.standby().count("'asked'") == 1);

            client.send(query("BEGIN READ WRITE"));

            assertThat(error(answers(client, 1)).field('C')).isEqualTo("0A000");
            assertThat(rig.leasedServers()).isEqualTo(1);
        }
    }
}
