package org.pgdrover.it.exactness;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What a client was told, message by message, without what must differ between two sessions.
///
/// Left out or replaced are: the numbers of BackendKeyData; the order of the ParameterStatus messages
/// before the first ReadyForQuery; file, line and routine of errors; OIDs of tables and of types that
/// are not built in; the numbers in names of temporary schemas; where among the other messages a
/// NotificationResponse stands, and the process id in it, of which only remains whether it is the
/// client's own.
final class Transcript {
    /// What is noted where nothing was heard for too long.
    static final String NO_ANSWER = "no answer";

    private static final Pattern TEMPORARY = Pattern.compile("pg_(toast_)?temp_\\d+");
    private static final Set<Character> PLACE_IN_SOURCE = Set.of('F', 'L', 'R');
    private static final int FIRST_NORMAL_OID = 16384;

    private final List<String> lines = new ArrayList<>();
    private final List<String> notifications = new ArrayList<>();
    private final TreeMap<String, String> welcome = new TreeMap<>();
    private int ready;

    void add(Received message, int ownProcessId) {
        switch (message.type()) {
            case 'A' -> notifications.add(notification(message.read(), ownProcessId));
            case 'K' -> lines.add("K");
            case 'S' -> parameter(message.read());
            case 'Z' -> ready(message);
            case 'T' -> lines.add("T" + columns(message.read()));
            case 't' -> lines.add("t" + types(message.read()));
            case 'D' -> lines.add("D" + values(message.read()));
            case 'E', 'N' -> lines.add(message.type() + " " + report(message));
            default -> lines.add(message.type() + " " + neutral(text(message.body())));
        }
    }

    private void parameter(ByteBuffer from) {
        var name = Received.string(from);
        var value = Received.string(from);
        if (ready == 0) welcome.put(name, value);
        else lines.add("S " + name + "=" + value);
    }

    private void ready(Received message) {
        if (ready++ == 0) welcome.forEach((name, value) -> lines.add("welcome " + name + "=" + value));
        lines.add("Z " + (char) message.body()[0]);
    }

    private static String report(Received message) {
        var fields = message.fields();
        fields.keySet().removeAll(PLACE_IN_SOURCE);
        return neutral(fields.toString());
    }

    private static String notification(ByteBuffer from, int ownProcessId) {
        var sender = from.getInt() == ownProcessId ? "self" : "other";
        return "A " + sender + " " + Received.string(from) + " " + Received.string(from);
    }

    private static String columns(ByteBuffer from) {
        var shown = new StringBuilder();
        for (int left = from.getShort(); left > 0; left--) {
            shown.append(' ').append(neutral(Received.string(from))).append(':');
            shown.append(from.getInt() == 0 ? '-' : '#')
                    .append(from.getShort())
                    .append(':')
                    .append(type(from.getInt()));
            shown.append(':')
                    .append(from.getShort())
                    .append(':')
                    .append(from.getInt())
                    .append(':')
                    .append(from.getShort());
        }
        return shown.toString();
    }

    private static String types(ByteBuffer from) {
        var shown = new StringBuilder();
        for (int left = from.getShort(); left > 0; left--) shown.append(' ').append(type(from.getInt()));
        return shown.toString();
    }

    private static String type(int oid) {
        return oid >= FIRST_NORMAL_OID ? "#" : String.valueOf(oid);
    }

    private static String values(ByteBuffer from) {
        var shown = new StringBuilder();
        for (int left = from.getShort(); left > 0; left--) {
            int length = from.getInt();
            shown.append(' ');
            if (length < 0) {
                shown.append("NULL");
                continue;
            }
            shown.append('\'')
                    .append(neutral(new String(from.array(), from.position(), length, StandardCharsets.UTF_8)))
                    .append('\'');
            from.position(from.position() + length);
        }
        return shown.toString();
    }

    private static String text(byte[] body) {
        return new String(body, StandardCharsets.ISO_8859_1).replace('\0', ' ').strip();
    }

    private static String neutral(String text) {
        return TEMPORARY.matcher(text).replaceAll("pg_temp_N");
    }

    /// Notes what happened that is not a message.
    void note(String event) {
        lines.add("(" + event + ")");
    }

    int size() {
        return lines.size();
    }

    int notifications() {
        return notifications.size();
    }

    /// Everything up to a line, and all notifications if that is the end.
    List<String> shown(int upTo) {
        var shown = new ArrayList<>(lines.subList(0, Math.min(upTo, lines.size())));
        if (upTo >= lines.size()) shown.addAll(notifications);
        return shown;
    }
}
