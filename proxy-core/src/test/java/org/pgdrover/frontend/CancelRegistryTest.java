package org.pgdrover.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.protocol.StartupPacket.CancelKey;

class CancelRegistryTest {
    private final CancelRegistry registry = new CancelRegistry();

    private static ClientConnection client() {
        var entrance = new Entrance() {
            @Override
            public Phase begin(ClientConnection client) {
                return in -> in.release();
            }

            @Override
            public void loggedIn(ClientConnection client) {}

            @Override
            public void left(ClientConnection client) {}
        };
        return new ClientConnection(
                1, new EmbeddedChannel(), new Clients(ProxyMetrics.NOOP), entrance, Duration.ofSeconds(1));
    }

    @Test
    void findsAClientByItsWholeKeyOnly() {
        var client = client();
        var key = registry.register(client, 0, true);

        assertThat(registry.find(key)).isSameAs(client);
        assertThat(registry.find(new CancelKey(key.processId(), new byte[32]))).isNull();
        registry.unregister(new CancelKey(key.processId(), new byte[32]));
        assertThat(registry.find(key)).isSameAs(client);
        registry.unregister(key);
        assertThat(registry.find(key)).isNull();
    }

    /// Servers on two machines may have the same process ids.
    @Test
    void showsNoProcessIdTwice() {
        var shown = new HashSet<Integer>();
        for (int i = 0; i < 1000; i++) {
            assertThat(shown.add(registry.register(client(), i % 2 == 0 ? 4711 : 0, false)
                            .processId()))
                    .isTrue();
        }
        assertThat(shown).contains(4711).allMatch(each -> each == 4711 || each > 1 << 22);
    }
}
