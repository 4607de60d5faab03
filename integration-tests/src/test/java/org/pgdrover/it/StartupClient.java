package org.pgdrover.it;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// The first bytes of a session and what the server answers to them, and no more: a client that makes
/// thousands of connections quickly.
final class StartupClient implements Closeable {
    private static final int PROTOCOL = 3 << 16;
    private static final int SSL_REQUEST = 1234 << 16 | 5679;
    private static final int TIMEOUT_MILLIS = 20_000;

    private final Closeable socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    /// The first message that decides something.
    ///
    /// @param authentication what an Authentication message asks for (0 is: nothing more), or -1 if it
    /// was an ErrorResponse
    /// @param error its text, or empty
    record Answer(int authentication, String error) {}

    private StartupClient(Closeable socket, InputStream in, OutputStream out) {
        this.socket = socket;
        this.in = new DataInputStream(in);
        this.out = new DataOutputStream(out);
    }

    static StartupClient local(Path socketFile) throws IOException {
        var channel = SocketChannel.open(UnixDomainSocketAddress.of(socketFile));
        return new StartupClient(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel));
    }

    /// @param tls null for none
    static StartupClient tcp(InetSocketAddress server, InetAddress from, @Nullable SSLContext tls) throws IOException {
        var plain = new Socket();
        plain.setSoTimeout(TIMEOUT_MILLIS);
        plain.setTcpNoDelay(true);
        plain.bind(new InetSocketAddress(from, 0));
        plain.connect(server, TIMEOUT_MILLIS);
        if (tls == null) return new StartupClient(plain, plain.getInputStream(), plain.getOutputStream());
        var request = new DataOutputStream(plain.getOutputStream());
        request.writeInt(8);
        request.writeInt(SSL_REQUEST);
        int answer = plain.getInputStream().read();
        if (answer != 'S') throw new IOException("answer to SSLRequest: " + answer + " (expected: S)");
        var encrypted = tls.getSocketFactory().createSocket(plain, "localhost", server.getPort(), true);
        return new StartupClient(encrypted, encrypted.getInputStream(), encrypted.getOutputStream());
    }

    Answer start(Map<String, String> parameters) throws IOException {
        var body = new ByteArrayOutputStream();
        for (var parameter : new LinkedHashMap<>(parameters).entrySet()) {
            writeString(body, parameter.getKey());
            writeString(body, parameter.getValue());
        }
        body.write(0);
        out.writeInt(8 + body.size());
        out.writeInt(PROTOCOL);
        body.writeTo(out);
        out.flush();
        return answer();
    }

    private static void writeString(ByteArrayOutputStream body, String text) {
        body.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        body.write(0);
    }

    Answer password(String password) throws IOException {
        var body = new ByteArrayOutputStream();
        writeString(body, password);
        out.writeByte('p');
        out.writeInt(4 + body.size());
        body.writeTo(out);
        out.flush();
        return answer();
    }

    /// Reads on until the server is ready or gives up, so that it does not go on with a session that
    /// nobody wants.
    void finish() throws IOException {
        while (true) {
            int type = in.readUnsignedByte();
            in.skipNBytes(in.readInt() - 4L);
            if (type == 'E') return;
            if (type != 'Z') continue;
            out.write(new byte[] {'X', 0, 0, 0, 4});
            out.flush();
            return;
        }
    }

    /// Reads on until the server is ready for the first statement.
    void awaitReady() throws IOException {
        if (!row().isEmpty()) throw new IOException("a row (expected: none)");
    }

    /// The first column of a statement's last row.
    String ask(String sql) throws IOException {
        var text = sql.getBytes(StandardCharsets.UTF_8);
        out.writeByte('Q');
        out.writeInt(5 + text.length);
        out.write(text);
        out.writeByte(0);
        out.flush();
        return row();
    }

    private String row() throws IOException {
        var found = "";
        while (true) {
            int type = in.readUnsignedByte();
            var body = in.readNBytes(in.readInt() - 4);
            if (type == 'E') throw new IOException(message(body));
            if (type == 'D') found = new String(body, 6, body.length - 6, StandardCharsets.UTF_8);
            if (type == 'Z') return found;
        }
    }

    private Answer answer() throws IOException {
        int type = in.readUnsignedByte();
        var body = in.readNBytes(in.readInt() - 4);
        if (type == 'R') return new Answer(new DataInputStream(new java.io.ByteArrayInputStream(body)).readInt(), "");
        if (type == 'E') return new Answer(-1, message(body));
        throw new IOException("message type " + (char) type + " (expected: Authentication or ErrorResponse)");
    }

    private static String message(byte[] body) {
        for (var field : new String(body, StandardCharsets.UTF_8).split("\0"))
            if (field.startsWith("M")) return field.substring(1);
        return "";
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
