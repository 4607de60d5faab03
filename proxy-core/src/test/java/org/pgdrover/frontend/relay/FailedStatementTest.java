package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.WireBytes;

/// What a statement costs that fails at once: nobody else's connections, and no connection of its own.
@Timeout(60)
class FailedStatementTest {
    private final RelayRig rig;
    private final ScriptedServer primary;

    FailedStatementTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private void fails(String text, String sqlState, String position, String routine) {
        primary.on(text, (wire, message) -> {
            wire.send(new WireBytes()
                    .message(
                            'E', 'S', "ERROR", 'V', "ERROR", 'C', sqlState, 'M', "no", 'P', position, 'R', routine,
                            (char) 0)
                    .message('Z', 'I'));
            return true;
        });
    }

    @Test
    void leavesNothingBehindWhereANameIsNotFound() throws Exception {
        fails("nosuch", "42P01", "15", "parserOpenTable");
        try (var client = rig.connect();
                var other = rig.connect()) {
            for (int i = 0; i < 5; i++) {
                for (var each : List.of(client, other)) {
                    each.send(query("SELECT * FROM nosuch"));
                    assertThat(types(answers(each, 1))).isEqualTo("EZ");
                }
            }
        }
        assertThat(primary.logins()).isLessThanOrEqualTo(2);
        assertThat(primary.count("DISCARD ALL")).isZero();
    }

    /// The client's statements have been under their own names there, so the server is cleaned; it is
    /// not closed.
    @Test
    void costsNoConnectionWhereNothingIsUnderstood() throws Exception {
        fails("selec", "42601", "1", "scanner_yyerror");
        try (var client = rig.connect()) {
            for (int i = 0; i < 10; i++) {
                client.send(query("selec 1"));
                assertThat(types(answers(client, 1))).isEqualTo("EZ");
                long cleaned = i + 1;
                Until.isTrue(() -> primary.count("DISCARD ALL") == cleaned && rig.leasedServers() == 0);
            }
        }
        assertThat(primary.logins()).isEqualTo(1);
    }

    /// Without the right to do it, nobody closes the connections of others.
    @Test
    void emptiesNoDatabaseForWhoMayNot() throws Exception {
        fails("DROP DATABASE", "42501", "0", "aclcheck_error");
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        try (var one = rig.connect();
                var other = rig.connect()) {
            one.send(query("BEGIN; UPDATE 1"));
            answers(one, 1);
            other.send(query("UPDATE 2"));
            answers(other, 1);
            one.send(query("COMMIT"));
            answers(one, 1);
            int open = rig.openServers();
            assertThat(open).isEqualTo(2);

            for (int i = 0; i < 5; i++) {
                other.send(query("DROP DATABASE db"));
                assertThat(types(answers(other, 1))).isEqualTo("EZ");
            }
            assertThat(rig.openServers()).isEqualTo(open);
        }
    }
}
