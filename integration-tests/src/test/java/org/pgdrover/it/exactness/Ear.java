package org.pgdrover.it.exactness;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A client that runs statements, and keeps the notifications that come.
final class Ear implements Closeable {
    private static final int MILLIS = 20_000;

    record Heard(int processId, String channel, String payload) {}

    private final WireClient wire;
    private final ArrayDeque<Heard> heard = new ArrayDeque<>();
    private int warnings;

    Ear(int port, String user, String database) throws IOException {
        wire = WireClient.ready(port, Map.of("user", user, "database", database));
    }

    WireClient wire() {
        return wire;
    }

    int processId() {
        return wire.processId();
    }

    /// Runs one simple query; the messages of its answer, notifications among them, up to ReadyForQuery.
    List<Received> query(String sql) throws IOException {
        return run(Sent.query(sql));
    }

    List<Received> run(Sent... messages) throws IOException {
        wire.send(messages);
        return answer();
    }

    List<Received> answer() throws IOException {
        var all = new ArrayList<Received>();
        do {
            all.add(wire.require(MILLIS));
            take(all.getLast());
        } while (all.getLast().type() != 'Z');
        return all;
    }

    static String types(List<Received> messages) {
        var types = new StringBuilder();
        for (var each : messages) if (each.type() != 'N') types.append(each.type());
        return types.toString();
    }

    /// The tags of the commands that have completed, and the SQLSTATEs of errors.
    static List<String> outcomes(List<Received> messages) {
        var all = new ArrayList<String>();
        for (var each : messages) {
            if (each.type() == 'C') all.add(Received.string(each.read()));
            if (each.type() == 'E') all.add(each.sqlState());
        }
        return all;
    }

    private static Heard notification(Received message) {
        var body = message.read();
        return new Heard(body.getInt(), Received.string(body), Received.string(body));
    }

    /// The next notification.
    Heard next() throws IOException {
        while (heard.isEmpty()) {
            take(wire.require(MILLIS));
        }
        return heard.remove();
    }

    /// The payloads up to this one.
    List<String> payloadsUpTo(String last) throws IOException {
        var all = new ArrayList<String>();
        while (all.isEmpty() || !all.getLast().equals(last)) all.add(next().payload());
        return all;
    }

    /// Whether a notification comes within that time.
    boolean hearsWithin(int millis) throws IOException {
        if (!heard.isEmpty()) return true;
        var message = wire.next(millis);
        if (message != null) take(message);
        return !heard.isEmpty();
    }

    private void take(Received message) {
        if (message.type() == 'A') heard.add(notification(message));
        if (message.type() == 'N') warnings++;
    }

    /// How many notices have come.
    int warnings() {
        return warnings;
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
