package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
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
        answer("NOTIFY pgdrover_", 'I', _ -> {});
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

    /// What the transaction listened on has its place in the queue; UNLISTEN went to the server, for the
    /// session was to be tied to it.
    @Test
    void areNotHeardIfTheirTransactionHasEndedListening() throws Exception {
        var queue = new WireBytes();
        answer("BEGIN", 'T', _ -> {});
        answer("LISTEN other", 'T', _ -> {});
        answer("UNLISTEN news", 'T', _ -> {});
        answer("NOTIFY news", 'T', _ -> queue.message('A', 7, "news", "x"));
        answer("COMMIT", 'I', _ -> {});
        primary.on("NOTIFY pgdrover_", (wire, message) -> {
            var words = message.text(0).split("[ ,']+", 3);
            var payload = words[2].substring(0, words[2].length() - 1);
            boolean end = payload.split(" ")[2].equals("e");
            queue.message('A', 7, words[1], payload);
            if (end) listener.get().send(queue);
            wire.send(new WireBytes().message('C', "NOTIFY").message('Z', end ? 'I' : 'T'));
            return true;
        });
        try (var client = rig.connect()) {
            for (var each :
                    new String[] {"BEGIN", "LISTEN news", "NOTIFY news, 'x'", "LISTEN other", "UNLISTEN news"}) {
                client.send(query(each));
                answers(client, 1);
            }

            client.send(query("COMMIT"));

            assertThat(types(answers(client, 1))).isEqualTo("CZ");
        }
    }

    /// What has come for the client is told behind what it hears of the statement, and ReadyForQuery stays
    /// before the answer to what was sent behind the statement.
    @Test
    void areHeardBeforeTheAnswerToWhatIsSentBehind() throws Exception {
        try (var client = rig.connect();
                var other = rig.connect()) {
            listen(client, other);
            answer("INSERT slow", 'I', _ -> notify(other));
            answer("INSERT next", 'I', _ -> {});

            client.send(query("INSERT slow").append(query("INSERT next")).append(query("EXECUTE p")));

            assertThat(types(answers(client, 2))).isEqualTo("CAZCZ");
        }
    }

    @Test
    void hearsThatItsStringIsOverThoughItEndsListening() throws Exception {
        try (var client = rig.connect();
                var other = rig.connect()) {
            listen(client, other);
            answer("UNLISTEN news; INSERT", 'I', _ -> notify(other));

            client.send(query("UNLISTEN news; INSERT 1"));

            assertThat(types(answers(client, 1))).endsWith("Z");
        }
    }

    /// The string that ends listening is sent behind what is under way, and fails.
    @Test
    void areHeardUntilTheirOwnTransactionHasEndedListening() throws Exception {
        try (var client = rig.connect();
                var other = rig.connect()) {
            listen(client, other);
            answer("INSERT", 'I', _ -> rig.settle());
            primary.on("UNLISTEN news; SELECT", (wire, _) -> {
                wire.send(new WireBytes()
                        .message('C', "UNLISTEN")
                        .message('E', 'S', "ERROR", 'C', "22012", 'M', "division by zero", '\0')
                        .message('Z', 'I'));
                return true;
            });
            client.send(query("INSERT 1").append(query("UNLISTEN news; SELECT 1/0")));
            assertThat(types(answers(client, 2))).isEqualTo("CZCEZ");

            notify(other);

            assertThat(client.read())
                    .isNotNull()
                    .satisfies(next -> assertThat(next.type()).isEqualTo('A'));
        }
    }

    private static void listen(Wire... clients) throws IOException {
        for (var each : clients) {
            each.send(query("LISTEN news"));
            answers(each, 1);
        }
    }

    /// A notification comes to everybody, and has been dealt with.
    private void notify(Wire other) {
        try {
            listener.get().send(new WireBytes().message('A', 7, "news", "x"));
            if (other.read() == null) throw new IOException("the other client hears nothing");
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
        rig.settle();
    }

    private void answer(String text, char status, Consumer<String> then) {
        primary.on(text, (wire, message) -> {
            then.accept(message.text(0));
            wire.send(new WireBytes().message('C', text.split(" ")[0]).message('Z', status));
            return true;
        });
    }
}
