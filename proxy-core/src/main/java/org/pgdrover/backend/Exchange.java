package org.pgdrover.backend;

import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.FrontendMessages;

/**
 * SQL of the proxy's own that a server runs while no client uses it: the note of its answer in the {@link ResponseLedger}.
 *
 * <p>A server that does not answer in time is closed.
 */
final class Exchange {
    private static final long TIMEOUT_SECONDS = 30;

    private final Consumer<@Nullable ErrorFields> done;
    private final Future<?> timeout;
    private @Nullable ErrorFields error;

    private Exchange(ServerConnection server, Consumer<@Nullable ErrorFields> done) {
        this.done = done;
        this.timeout = server.eventLoop()
                .schedule(() -> server.close(CloseReason.PROBE_FAILED), TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    static void begin(ServerConnection server, String sql, Consumer<@Nullable ErrorFields> done) {
        if (!server.ledger().isAtRest()) throw new IllegalStateException("the server still owes answers");
        var out = server.newBuffer(sql.length() + 16);
        FrontendMessages.query(out, sql);
        server.expect(Expected.QUERY, Action.SKIP, new Exchange(server, done));
        server.write(out);
        server.flush();
    }

    /** The server reported an error; that it is ready follows. */
    void failed(ErrorFields why) {
        error = why;
    }

    /** The server is ready again. */
    void ended() {
        timeout.cancel(false);
        done.accept(error);
    }
}
