package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// A session that has custom parameters whose names nobody knows keeps its server until all are reset.
@Timeout(30)
class PinnedForSettingsTest {
    private static void say(Wire client, String sql) throws Exception {
        client.send(query(sql));
        answers(client, 1);
    }

    @ParameterizedTest
    @CsvSource({"ROLLBACK, I, 1", "ROLLBACK TO a, T, 1", "COMMIT, I, 0"})
    void endsWhenTheResetIsCommitted(String end, char status, int leased) throws Exception {
        try (var rig = new RelayRig();
                var client = rig.connect()) {
            var primary = rig.primary();
            for (var command : new String[] {"BEGIN", "SAVEPOINT", "RESET ALL"}) answer(rig, command, 'T');
            answer(rig, end, status);
            answer(rig, "COMMIT", 'I');
            say(client, "DO 'sets something'");
            Until.isTrue(() -> primary.count("'asked'") == 1);

            for (var sql : new String[] {"BEGIN", "SAVEPOINT a", "RESET ALL", end}) say(client, sql);
            if (status == 'T') say(client, "COMMIT");
            say(client, "UPDATE 1");
            rig.settle();

            assertThat(rig.leasedServers()).isEqualTo(leased);
        }
    }

    private static void answer(RelayRig rig, String command, char status) {
        var tag = command.split(" ", 2)[0];
        rig.primary().on(command, (wire, _) -> {
            wire.send(new WireBytes().message('C', tag).message('Z', status));
            return true;
        });
    }
}
