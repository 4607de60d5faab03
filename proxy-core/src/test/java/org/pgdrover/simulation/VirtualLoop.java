package org.pgdrover.simulation;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/// The event loop of a simulation: time stands still while there is work, and jumps to the next timer
/// when there is none.
final class VirtualLoop extends ManualIoEventLoop {
    /// No clock of the proxy may take zero for a moment.
    private static final long BEGINNING_SECONDS = 10_000;

    /// A clock that goes on when it is told to.
    private static final class Clock implements Ticker {
        private long now = TimeUnit.SECONDS.toNanos(BEGINNING_SECONDS);
        private long step;

        @Override
        public long initialNanoTime() {
            return 0;
        }

        @Override
        public long nanoTime() {
            return now += step;
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new IllegalStateException("somebody sleeps");
        }
    }

    private final Clock clock;

    private VirtualLoop(Clock clock) {
        super(null, Thread.currentThread(), LocalIoHandler.newFactory(), clock);
        this.clock = clock;
    }

    static VirtualLoop begin() {
        return new VirtualLoop(new Clock());
    }

    long now() {
        return clock.nanoTime();
    }

    /// Does everything that can be done at this moment.
    void settle() {
        while (runNow() > 0) {
            // There may be more.
        }
    }

    /// Goes on to the next moment at which something is due; false if there is none before the limit.
    boolean leap(long limit) {
        long next = nextScheduledTaskDeadlineNanos();
        if (next < 0 || next > limit) return false;
        clock.now = Math.max(next, now());
        return true;
    }

    void end() {
        settle();
        shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        // While the clock stands still the loop waits for quiet, and it does that by the clock on the wall.
        clock.step = 1;
        for (int i = 0; i < 100 && !isTerminated(); i++) runNow();
        // The thread goes on with the next seed, and every proxy leaves values of its own with the thread.
        FastThreadLocal.removeAll();
    }
}
