package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.backend.Exchange;

/// Tells a server that takes copied data of a message which cannot be judged now.
///
/// The server answers nothing before the COPY is over, so that nothing can be waited for. A message of another kind
/// ends its session as soon as the kind is read (PostgreSQL manual, section 54.2.6). If the COPY has failed before
/// that, the message is an error that nobody hears of, and the client's own is sent behind it.
final class CopyBreak {
    private CopyBreak() {}

    /// Sends the kind of the delivery's first command, once.
    static void send(Relay relay, ServerLease lease, Delivery delivery) {
        var part = Objects.requireNonNull(delivery.part);
        if (delivery.copyBreak != null || !part.hasCommands()) return;
        var exchange = new Exchange(lease.server(), answered -> {
            if (delivery.copyBreak == answered) delivery.copyBreak = null;
            relay.wake();
        });
        delivery.copyBreak = exchange;
        exchange.breakCopy(part.firstCommand());
    }
}
