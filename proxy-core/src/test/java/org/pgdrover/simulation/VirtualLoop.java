package org.pgdrover.simulation;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/// The event loop of a simulation: time stands still while there is work, and jumps to the next timer when there is
/// none.
final class VirtualLoop extends ManualIoEventLoop {
    /// No clock of the proxy may take zero for a moment.
    private static final long BEGINNING_SECONDS = 10_000;

    private final MockTicker ticker;

    private VirtualLoop(MockTicker ticker) {
        super(null, Thread.currentThread(), LocalIoHandler.newFactory(), ticker);
        this.ticker = ticker;
    }

    static VirtualLoop begin() {
        var ticker = Ticker.newMockTicker();
        ticker.advance(BEGINNING_SECONDS, TimeUnit.SECONDS);
        return new VirtualLoop(ticker);
    }

    long now() {
        return ticker.nanoTime();
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
        if (next > now()) ticker.advance(next - now(), TimeUnit.NANOSECONDS);
        return true;
    }

    void end() {
        settle();
        shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
        for (int i = 0; i < 100 && !isTerminated(); i++) {
            // Else it would wait for quiet by the clock on the wall.
            ticker.advance(1, TimeUnit.NANOSECONDS);
            runNow();
        }
    }
}
