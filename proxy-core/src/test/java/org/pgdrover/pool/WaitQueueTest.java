package org.pgdrover.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.pool.WaitQueue.Waiter;

/// Whose turn it is, by age and by event loop.
class WaitQueueTest {
    private static final long MILLISECOND = Duration.ofMillis(1).toNanos();

    private final EventLoop here = new DefaultEventLoop();
    private final EventLoop elsewhere = new DefaultEventLoop();
    private final WaitQueue queue = new WaitQueue();

    private record Asking(EventLoop eventLoop) implements Acquirer {
        @Override
        public void onServer(ServerPool pool, ServerConnection server) {}

        @Override
        public void onRefused(ServerPool pool, Refusal refusal) {}
    }

    private Waiter joins(EventLoop loop, long since) {
        var waiter = new Waiter(new Asking(loop), SessionSettings.EMPTY, since);
        queue.add(waiter);
        return waiter;
    }

    @Test
    void servesFirstComeFirstServed() {
        var first = joins(here, 0);
        var second = joins(here, 0);
        assertThat(queue.next(here, 0)).isSameAs(first);
        assertThat(queue.next(here, 0)).isSameAs(second);
        assertThat(queue.next(here, 0)).isNull();
    }

    @Test
    void prefersForAMomentWhoIsWhereTheConnectionIs() {
        var first = joins(elsewhere, 0);
        var near = joins(here, 0);
        assertThat(queue.next(here, 2 * MILLISECOND)).isSameAs(near);
        assertThat(queue.next(here, 2 * MILLISECOND)).isSameAs(first);
    }

    @Test
    void letsNobodyWaitLongForThat() {
        var first = joins(elsewhere, 0);
        joins(here, 0);
        assertThat(queue.next(here, 3 * MILLISECOND)).isSameAs(first);
    }

    @Test
    void looksForOneNearbyOnlyAmongTheFirst() {
        var first = joins(elsewhere, 0);
        for (int i = 0; i < 15; i++) joins(elsewhere, 0);
        joins(here, 0);
        assertThat(queue.next(here, 0)).isSameAs(first);
    }

    @Test
    void takesOutWhoHasWaitedTooLong() {
        var first = joins(here, 0);
        var second = joins(here, 5);
        assertThat(queue.takeExpired(10, Duration.ofNanos(6))).containsExactly(first);
        assertThat(queue.takeExpired(11, Duration.ofNanos(6))).containsExactly(second);
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void forgetsWhoDoesNotWaitAnyMore() {
        var gone = joins(here, 0);
        var next = joins(here, 0);
        assertThat(queue.cancel(gone.acquirer())).isTrue();
        assertThat(queue.cancel(gone.acquirer())).isFalse();
        assertThat(queue.next(here, 0)).isSameAs(next);
    }
}
