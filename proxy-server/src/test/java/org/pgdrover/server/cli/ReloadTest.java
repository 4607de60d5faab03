package org.pgdrover.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.pgdrover.server.Reloadable;
import sun.misc.Signal;

/// SIGHUP reads everything anew; what is wrong leaves what was there.
class ReloadTest {
    @Test
    void readsEveryPartOnHangupAndKeepsWhatCannotBeRead() throws Exception {
        var done = new LinkedBlockingQueue<String>();
        var reads = new AtomicInteger();
        var good = new Reloadable<>("good", () -> "read " + reads.incrementAndGet());
        var broken = new Reloadable<>("broken", () -> {
            if (reads.get() > 1) throw new IOException("x.pem: not what it was");
            return "first";
        });
        var last = new Reloadable<>("last", () -> "last", freed -> done.add("again"));
        last.reload();
        Reload.onHangup(List.of(good, broken, last));

        Signal.raise(new Signal("HUP"));

        assertThat(done.poll(20, TimeUnit.SECONDS)).isEqualTo("again");
        assertThat(good.get()).isEqualTo("read 2");
        assertThat(broken.get()).isEqualTo("first");
    }

    /// Somebody may still be about to use what was just replaced.
    @Test
    void freesWhatIsReplacedOneReloadLater() throws Exception {
        var freed = new ArrayList<Integer>();
        var number = new AtomicInteger();
        var part = new Reloadable<>("part", number::incrementAndGet, freed::add);

        part.reload();
        assertThat(freed).isEmpty();
        part.reload();
        assertThat(freed).containsExactly(1);
        part.close();
        assertThat(freed).containsExactly(1, 2, 3);
    }
}
