package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/// Tells a client of parameters' values that the client does not know.
final class ParameterReports {
    private ParameterReports() {}

    /// While no transaction is open, the values are the session's.
    ///
    /// @param wanted names, in lower case
    static void tell(Relay relay, ServerLease lease, ByteBuf out, Predicate<String> wanted) {
        var session = relay.session();
        // Servers report in this order, as a rule.
        var reported = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        reported.putAll(lease.server().parameters());
        reported.forEach((name, value) -> {
            if (name.equals("in_hot_standby") || value.equals(session.told().value(name))) return;
            if (!wanted.test(name.toLowerCase(Locale.ROOT))) return;
            session.parameterReported(name, value, lease.server().status() != TransactionStatus.IDLE);
            BackendMessages.parameterStatus(out, name, value);
        });
    }

    /// Tells a client that it is ready, behind the values that the server has reported to the proxy alone.
    static void ready(Relay relay, ServerLease lease) {
        var out = relay.client().newBuffer(64);
        if (relay.session().told().isLate()) {
            relay.session().told().late(false);
            tell(relay, lease, out, _ -> true);
        }
        BackendMessages.readyForQuery(out, lease.server().status());
        relay.write(out);
    }

    /// The values from before a transaction that is lost with its server.
    static void takeBack(Relay relay) {
        var session = relay.session();
        session.told().fromBefore((name, value) -> {
            var out = relay.client().newBuffer(64);
            session.parameterReported(name, value, false);
            BackendMessages.parameterStatus(out, name, value);
            relay.write(out);
        });
    }

    /// The startup message's values that a statement has brought back although nobody could see that.
    static void tellDefaults(Relay relay, ServerLease lease) {
        var defaults = relay.session().settings().defaults();
        if (defaults.isEmpty()) return;
        var out = relay.client().newBuffer(64);
        tell(relay, lease, out, defaults::contains);
        relay.write(out);
    }
}
