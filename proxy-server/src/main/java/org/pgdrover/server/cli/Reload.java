package org.pgdrover.server.cli;

import java.util.List;
import org.pgdrover.server.Reloadable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/// Reads files anew when the process gets SIGHUP, as PostgreSQL does.
final class Reload {
    private static final Logger log = LoggerFactory.getLogger(Reload.class);

    private final List<Reloadable<?>> parts;

    private Reload(List<Reloadable<?>> parts) {
        this.parts = List.copyOf(parts);
    }

    /// From now on; a later call takes the place of an earlier one.
    static void onHangup(List<Reloadable<?>> parts) {
        var reload = new Reload(parts);
        try {
            Signal.handle(new Signal("HUP"), _ -> Thread.ofVirtual().start(reload::all));
        } catch (IllegalArgumentException unavailable) {
            // Java was told to leave signals alone (-Xrs), or there is none of that name.
            log.atWarn().log("files cannot be read anew on SIGHUP: {}", unavailable.getMessage());
        }
    }

    /// One after the other, and one signal after the other.
    private synchronized void all() {
        parts.forEach(Reloadable::reload);
    }
}
