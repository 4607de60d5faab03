package org.pgdrover.server.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Turns SIGTERM and SIGINT into a clean end with status 0. The command is told to stop, and gets some
/// time for it.
final class Termination {
    private final CountDownLatch asked;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final long seconds;

    /// @param asked is counted down when the process is asked to end
    /// @param seconds how long the end may take; then the exit status is 1
    Termination(CountDownLatch asked, long seconds) {
        this.asked = asked;
        this.seconds = seconds;
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("pgdrover-stop").unstarted(this::stop));
    }

    /// The command has come to its end, by itself or because it was asked to.
    void ended() {
        ended.countDown();
    }

    private void stop() {
        boolean byItself = ended.getCount() == 0;
        asked.countDown();
        boolean clean = false;
        try {
            clean = ended.await(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        if (byItself) return;
        if (!clean) System.err.println("pgdrover: not stopped after " + seconds + " s, leaving anyway");
        System.out.flush();
        // Otherwise the status would be 128 and the signal's number, although it was asked to end and did.
        Runtime.getRuntime().halt(clean ? 0 : Main.FAILED);
    }
}
