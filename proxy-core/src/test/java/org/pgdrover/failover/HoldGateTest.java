package org.pgdrover.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.FailoverMode;

class HoldGateTest {
    private static final FailoverConfig SETTINGS =
            new FailoverConfig(FailoverMode.AUTOMATIC, Duration.ofSeconds(30), 3, 0, true);

    private final List<String> heard = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final HoldGate gate = new HoldGate(SETTINGS, channel.eventLoop());

    /// Notes what it hears.
    private final class Client implements HeldClient {
        private final String name;

        Client(String name) {
            this.name = name;
        }

        @Override
        public void released() {
            heard.add(name + " released");
        }

        @Override
        public void refused(String sqlState, String message) {
            heard.add(name + " " + sqlState + " " + message);
        }
    }

    @BeforeEach
    void freeze() {
        channel.freezeTime();
    }

    @AfterEach
    void close() {
        channel.close();
    }

    private Client hold(String name) {
        var client = new Client(name);
        gate.hold(channel.eventLoop(), client);
        return client;
    }

    private void pass(Duration time) {
        channel.advanceTimeBy(time.toMillis(), TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    @Test
    void isClosedAtFirstAndReleasesInOrder() {
        hold("a");
        hold("b");
        pass(Duration.ofSeconds(29));
        assertThat(gate.isOpen()).isFalse();
        assertThat(gate.held()).isEqualTo(2);

        gate.open();
        channel.runPendingTasks();

        assertThat(gate.isOpen()).isTrue();
        assertThat(heard).containsExactly("a released", "b released");
        pass(Duration.ofMinutes(1));
        assertThat(heard).hasSize(2);
        assertThat(gate.held()).isZero();
    }

    @Test
    void releasesAClientThatComesWhenItIsOpen() {
        gate.open();

        hold("a");
        channel.runPendingTasks();

        assertThat(heard).containsExactly("a released");
    }

    @Test
    void refusesAfterTheTimeoutAndNamesTheSetting() {
        gate.close("the primary pg1 is lost");
        hold("a");
        pass(Duration.ofSeconds(10));
        hold("b");

        pass(Duration.ofSeconds(20));

        assertThat(heard)
                .containsExactly(
                        "a 57P03 the primary pg1 is lost; waited 30 s (failover.hold-timeout); try again later");
        pass(Duration.ofSeconds(10));
        assertThat(heard).hasSize(2);
    }

    @Test
    void refusesOneClientTooManyAtOnce() {
        hold("a");
        hold("b");
        hold("c");

        hold("d");
        channel.runPendingTasks();

        assertThat(heard).singleElement().asString().startsWith("d 57P03").contains("failover.hold-max-clients: 3");
        assertThat(gate.held()).isEqualTo(3);
    }

    @Test
    void tellsACancelledClientNothingEvenIfItsAnswerWasOnTheWay() {
        var early = hold("early");
        var late = hold("late");
        assertThat(gate.cancel(early)).isTrue();
        gate.open();

        assertThat(gate.cancel(late)).isTrue();
        assertThat(gate.cancel(late)).isFalse();
        channel.runPendingTasks();

        assertThat(heard).isEmpty();
    }

    @Test
    void sendsEverybodyAwayWhenItRefuses() {
        hold("a");

        gate.refuse("the primary pg1 is lost (failover.mode: off)");
        hold("b");
        channel.runPendingTasks();

        assertThat(heard)
                .containsExactly(
                        "a 57P03 the primary pg1 is lost (failover.mode: off)",
                        "b 57P03 the primary pg1 is lost (failover.mode: off)");
    }

    @Test
    void closesAgainAndHoldsTheNext() {
        gate.open();
        gate.close("the primary pg1 is lost");
        hold("a");
        channel.runPendingTasks();

        assertThat(heard).isEmpty();
        gate.open();
        channel.runPendingTasks();
        assertThat(heard).containsExactly("a released");
    }

    @Test
    void forgetsAClientWhoseEventLoopHasEnded() {
        gate.hold(
                _ -> {
                    throw new RejectedExecutionException();
                },
                new Client("a"));

        gate.open();

        assertThat(gate.held()).isZero();
    }
}
