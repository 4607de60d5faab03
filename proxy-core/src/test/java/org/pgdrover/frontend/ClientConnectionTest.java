package org.pgdrover.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.frontend.relay.RelayRig;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.testing.HangingPeer;
import org.slf4j.LoggerFactory;

class ClientConnectionTest {
    private static final long NOTHING_SCHEDULED = -1;
    private static final Duration LOGIN_TIMEOUT = Duration.ofSeconds(30);

    private final Logger logger = (Logger) LoggerFactory.getLogger(ClientConnection.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final Door door = new Door();
    private final Counts counts = new Counts();
    private final Clients clients = new Clients(counts);

    @BeforeEach
    void listen() {
        logged.start();
        logger.addAppender(logged);
        logger.setAdditive(false);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(logged);
        logger.setAdditive(true);
    }

    /// What a client connection may be doing when the phase throws.
    enum Turn {
        ENTER,
        READ,
        READ_COMPLETE,
        WRITABILITY,
        CANCEL,
        TIMER,
        CLOSED
    }

    /// Begins every connection with a phase that throws when it is told to.
    private static final class Door implements Entrance {
        private final List<ClientConnection> left = new ArrayList<>();
        private Turn fails = Turn.CLOSED;

        @Override
        public Phase begin(ClientConnection client) {
            return new Fragile(client, fails);
        }

        @Override
        public void loggedIn(ClientConnection client) {}

        @Override
        public void left(ClientConnection client) {
            left.add(client);
        }
    }

    private record Fragile(ClientConnection client, Turn fails) implements Phase {
        private void at(Turn turn) {
            if (turn == fails) throw new IllegalStateException("a mistake of ours at " + turn);
        }

        @Override
        public void onEnter() {
            client.schedule(() -> at(Turn.TIMER), Duration.ofSeconds(1));
            at(Turn.ENTER);
        }

        @Override
        public void onRead(ByteBuf in) {
            in.release();
            at(Turn.READ);
        }

        @Override
        public void onReadComplete() {
            at(Turn.READ_COMPLETE);
        }

        @Override
        public void onWritabilityChanged(boolean writable) {
            at(Turn.WRITABILITY);
        }

        @Override
        public void onCancel(Runnable done) {
            at(Turn.CANCEL);
            done.run();
        }

        @Override
        public void onClosed() {
            at(Turn.CLOSED);
        }
    }

    private static final class Counts implements ProxyMetrics {
        private final List<String> ended = new ArrayList<>();
        private int failures;

        @Override
        public void failedInside() {
            failures++;
        }

        @Override
        public void clientDisconnected(String reason) {
            ended.add(reason);
        }
    }

    private EmbeddedChannel connect(Turn fails) {
        door.fails = fails;
        var channel = new EmbeddedChannel();
        channel.freezeTime();
        channel.pipeline().addLast("client", new ClientConnection(7, channel, clients, door, LOGIN_TIMEOUT));
        channel.pipeline().fireChannelActive();
        return channel;
    }

    private static void make(EmbeddedChannel channel, Turn turn, Runnable cancelled) {
        switch (turn) {
            case ENTER, CLOSED -> {}
            case READ -> channel.pipeline().fireChannelRead(Unpooled.buffer(1).writeByte(1));
            case READ_COMPLETE -> channel.pipeline().fireChannelReadComplete();
            case WRITABILITY -> channel.pipeline().fireChannelWritabilityChanged();
            case CANCEL -> channel.pipeline().get(ClientConnection.class).cancel(cancelled);
            case TIMER -> channel.advanceTimeBy(1, TimeUnit.SECONDS);
        }
        channel.runPendingTasks();
    }

    private static String sent(EmbeddedChannel channel) {
        var text = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            text.append(next.toString(StandardCharsets.UTF_8));
            next.release();
        }
        return text.toString();
    }

    @ParameterizedTest
    @EnumSource(
            value = Turn.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"CLOSED"})
    void endsTheClientAtWhoseWorkTheProxyFails(Turn turn) {
        var other = connect(Turn.CLOSED);
        door.fails = turn;
        var cancels = new ArrayList<String>();
        var channel = connect(turn);

        make(channel, turn, () -> cancels.add("done"));

        assertThat(sent(channel)).contains("FATAL", "XX000", "internal error");
        assertThat(channel.isOpen()).isFalse();
        assertThat(counts.failures).isEqualTo(1);
        assertThat(counts.ended).containsExactly("internal-error");
        assertThat(door.left).hasSize(1);
        assertThat(cancels).hasSize(turn == Turn.CANCEL ? 1 : 0);
        assertThat(logged.list).singleElement().satisfies(line -> {
            assertThat(line.getLevel()).isEqualTo(Level.ERROR);
            assertThat(line.getKeyValuePairs().toString()).contains("client=\"7\"");
            assertThat(line.getThrowableProxy().getMessage()).contains("a mistake of ours");
        });
        assertThat(other.isOpen()).isTrue();
        other.finishAndReleaseAll();
        channel.finishAndReleaseAll();
    }

    /// Its last words wait in a buffer that nobody empties.
    @Test
    void waitsFiveSecondsForAClientThatDoesNotRead() {
        var channel = connect(Turn.CLOSED);
        channel.pipeline().addFirst("hangs", new HangingPeer());

        channel.pipeline().get(ClientConnection.class).shutDown();
        channel.runPendingTasks();
        channel.advanceTimeBy(4, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isTrue();

        channel.advanceTimeBy(1, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(clients.count()).isZero();
        channel.finishAndReleaseAll();
    }

    @Test
    void endsWhoComesWhileTheProxyStops() {
        clients.shutDown();

        var channel = connect(Turn.TIMER);
        channel.runPendingTasks();

        assertThat(sent(channel)).contains("FATAL", "57P01");
        assertThat(channel.isOpen()).isFalse();
        assertThat(clients.count()).isZero();
        channel.finishAndReleaseAll();
    }

    @Test
    void forgetsAClientWhosePhaseFailsWhenItLeaves() {
        var channel = connect(Turn.CLOSED);

        channel.close();

        assertThat(counts.failures).isEqualTo(1);
        assertThat(door.left).hasSize(1);
        assertThat(clients.count()).isZero();
        channel.finishAndReleaseAll();
    }

    /// In a storm of logins the event loop would keep every connection of the last half minute.
    @Test
    void leavesNoTimerBehind() throws Exception {
        try (var rig = new RelayRig()) {
            var channel = new EmbeddedChannel(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(rig.onChannel(channel));
                }
            });
            assertThat(channel.runScheduledPendingTasks()).isPositive();

            channel.pipeline().fireChannelInactive();

            assertThat(channel.runScheduledPendingTasks()).isEqualTo(NOTHING_SCHEDULED);
            channel.finishAndReleaseAll();
        }
    }
}
