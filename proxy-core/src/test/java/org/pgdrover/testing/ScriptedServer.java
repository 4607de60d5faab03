package org.pgdrover.testing;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A server on a real socket that says what its script says: it logs everybody in, answers each
/// statement as told, and takes down what it was asked.
public final class ScriptedServer implements AutoCloseable {
    /// Plays one message of a session.
    @FunctionalInterface
    public interface Answer {
        /// @return false to end the connection
        boolean play(Wire wire, Message message) throws IOException;
    }

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<String> statements = Collections.synchronizedList(new ArrayList<>());
    private final StringBuffer received = new StringBuffer();
    private final List<Integer> cancelled = new CopyOnWriteArrayList<>();
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final AtomicInteger sessions = new AtomicInteger();
    private final String name;
    private volatile @Nullable String refusal;
    private volatile @Nullable String beginRefusal;
    private volatile boolean dead;
    private volatile CountDownLatch cancels = new CountDownLatch(0);

    /// What a session has parsed, begun and failed.
    private static final class Session {
        private String parsed = "";
        private char status = 'I';
        private boolean discarding;
    }

    /// @param name what its rows say
    public ScriptedServer(String name) throws IOException {
        this.name = name;
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /// What happens when a statement with this text comes, in a Query or in a Parse; but a BEGIN in a
    /// Parse begins a transaction, and no script is asked.
    public void on(String text, Answer answer) {
        answers.put(text, answer);
    }

    /// Refuses every BEGIN that comes in a Parse with this SQLSTATE, or with null none. With ADMIN_SHUTDOWN
    /// the session ends.
    public void refuseBegin(@Nullable String sqlState) {
        beginRefusal = sqlState;
    }

    /// The texts of Query and Parse messages, in their order.
    public List<String> statements() {
        synchronized (statements) {
            return List.copyOf(statements);
        }
    }

    /// Refuses every further login with this SQLSTATE, or with null lets everybody in again.
    public void refuseLogins(@Nullable String sqlState) {
        refusal = sqlState;
    }

    /// How often somebody has tried to log in.
    public int logins() {
        return sessions.get();
    }

    /// How many statements contain this.
    public long count(String part) {
        return statements().stream().filter(each -> each.contains(part)).count();
    }

    /// The type letters of all messages of all sessions.
    public String received() {
        return received.toString();
    }

    /// The process ids that CancelRequests named.
    public List<Integer> cancelled() {
        return cancelled;
    }

    /// From now on a cancelling connection is closed when this is over, and not at once.
    public void holdCancels(CountDownLatch until) {
        cancels = until;
    }

    /// Waits, for 20 seconds at most.
    public static void await(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) throw new IOException("nobody let the server go on");
        } catch (InterruptedException interrupted) {
            throw new InterruptedIOException();
        }
    }

    private void accept() {
        try {
            while (true) {
                var socket = listener.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The server has ended.
        }
    }

    private void serve(Socket socket) {
        try (var wire = new Wire(socket)) {
            if (dead || !login(wire)) return;
            var session = new Session();
            for (var message = wire.read(); message != null && message.type() != 'X'; message = wire.read()) {
                received.append(message.type());
                if (answer(wire, message, session)) continue;
                wire.finish();
                return;
            }
        } catch (IOException gone) {
            // As a server notices that its client is gone.
        }
    }

    private boolean login(Wire wire) throws IOException {
        var packet = ByteBuffer.wrap(wire.readPacket());
        int code = packet.getInt();
        if (code == (1234 << 16 | 5678)) {
            cancelled.add(packet.getInt());
            await(cancels);
            return false;
        }
        if (code == (1234 << 16 | 5679) || code == (1234 << 16 | 5680)) {
            wire.send(new byte[] {'N'});
            return login(wire);
        }
        int process = sessions.incrementAndGet();
        var refused = refusal;
        if (refused != null) {
            wire.send(new WireBytes().message('E', 'S', "FATAL", 'C', refused, 'M', "not you", (char) 0));
            return false;
        }
        wire.send(new WireBytes()
                .message('R', 0)
                .message('S', "server_version", "18.0")
                .message('S', "client_encoding", "UTF8")
                .message('S', "standard_conforming_strings", "on")
                .message('S', "TimeZone", "UTC")
                .message('K', process, 4711)
                .message('Z', 'I'));
        return true;
    }

    private boolean answer(Wire wire, Message message, Session session) throws IOException {
        if (session.discarding && message.type() != 'S') return true;
        return switch (message.type()) {
            case 'Q' -> statement(wire, message, message.text(0), false);
            case 'P' -> parse(wire, message, session);
            case 'B' -> send(wire, new WireBytes().message('2'));
            case 'C' -> send(wire, new WireBytes().message('3'));
            case 'D' -> send(wire, new WireBytes().message('n'));
            case 'E' -> execute(wire, session);
            case 'S' -> {
                session.discarding = false;
                yield send(wire, new WireBytes().message('Z', session.status));
            }
            default -> true;
        };
    }

    private boolean parse(Wire wire, Message message, Session session) throws IOException {
        int nameLength = message.text(0).length();
        session.parsed = message.text(nameLength + 1);
        if (!begins(session.parsed)) return statement(wire, message, session.parsed, true);
        statements.add(session.parsed);
        var refused = beginRefusal;
        if (refused == null) return send(wire, new WireBytes().message('1'));
        if (refused.equals("57P01")) {
            wire.send(new WireBytes().message('E', 'S', "FATAL", 'V', "FATAL", 'C', refused, 'M', "over", (char) 0));
            return false;
        }
        session.discarding = true;
        return send(wire, error(refused, "no transaction"));
    }

    private boolean execute(Wire wire, Session session) throws IOException {
        if (begins(session.parsed)) {
            session.status = 'T';
            return send(wire, new WireBytes().message('C', "BEGIN"));
        }
        if (session.parsed.startsWith("COMMIT") || session.parsed.startsWith("ROLLBACK")) session.status = 'I';
        return send(wire, row().message('C', "SELECT 1"));
    }

    private static boolean begins(String text) {
        var upper = text.toUpperCase(Locale.ROOT);
        return upper.startsWith("BEGIN") || upper.startsWith("START TRANSACTION");
    }

    private boolean statement(Wire wire, Message message, String text, boolean parse) throws IOException {
        statements.add(text);
        var scripted = scripted(text);
        if (scripted != null) return scripted.play(wire, message);
        if (parse) return send(wire, new WireBytes().message('1'));
        if (text.contains("SELECT 'asked'"))
            return send(wire, asked().message('C', "SELECT 1").message('Z', 'I'));
        return send(wire, description(row()).message('C', "SELECT 1").message('Z', 'I'));
    }

    private @Nullable Answer scripted(String text) {
        return answers.entrySet().stream()
                .filter(each -> text.contains(each.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static boolean send(Wire wire, WireBytes bytes) throws IOException {
        wire.send(bytes);
        return true;
    }

    private WireBytes row() {
        return new WireBytes()
                .message('D', (short) 1, name.length(), name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static WireBytes description(WireBytes rows) {
        var bytes = new WireBytes().message('T', (short) 1, "name", 0, (short) 0, 25, (short) -1, -1, (short) 0);
        return bytes.append(rows);
    }

    /// The beginning of the answer to the proxy's question what a session holds: so far nothing.
    public static WireBytes asked() {
        return new WireBytes().message('C', "SET").append(held("asked"));
    }

    /// A row of that answer.
    public static WireBytes held(String what) {
        var bytes = what.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return new WireBytes().message('D', (short) 3, bytes.length, bytes, -1, -1);
    }

    /// RowDescription and one row with this server's name, without an end.
    public WireBytes rows() {
        return description(row());
    }

    /// An ErrorResponse.
    public static WireBytes error(String sqlState, String message) {
        return new WireBytes()
                .message('E', 'S', "ERROR", 'V', "ERROR", 'C', sqlState, 'M', message, 'H', "a hint", (char) 0);
    }

    /// Ends for good: nobody can connect any more.
    public void die() throws IOException {
        dead = true;
        listener.close();
        drop();
    }

    /// Ends every connection, as a server that is killed.
    public void drop() throws IOException {
        for (var socket : sockets) socket.close();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        drop();
    }
}
