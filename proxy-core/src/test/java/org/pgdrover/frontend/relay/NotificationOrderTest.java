package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// Where notifications stand among answers: as from PostgreSQL, never before the answer to what is under
/// way.
@Timeout(60)
class NotificationOrderTest {
    private final RelayRig rig;
    private final ScriptedServer primary;
    private final AtomicReference<Wire> listener = new AtomicReference<>();

    NotificationOrderTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
        primary.on("LISTEN \"news\"", (wire, _) -> {
            listener.set(wire);
            wire.send(new WireBytes().message('C', "LISTEN").message('Z', 'I'));
            return true;
        });
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    @Test
    void areHeardBehindWhatIsSaidOfALostServer() throws Exception {
        try (var client = rig.connect();
                var other = rig.connect()) {
            for (var each : new Wire[] {client, other}) {
                each.send(query("LISTEN news"));
                answers(each, 1);
            }
            primary.on("INSERT lost", (_, _) -> {
                listener.get().send(new WireBytes().message('A', 7, "news", "x"));
                if (other.read() == null) throw new IOException("the other client hears nothing");
                rig.settle();
                return false;
            });

            client.send(query("INSERT lost"));

            assertThat(types(answers(client, 1))).isEqualTo("EZ");
            assertThat(client.read())
                    .isNotNull()
                    .satisfies(next -> assertThat(next.type()).isEqualTo('A'));
        }
    }
}
