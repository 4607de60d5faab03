package org.pgdrover.it.exactness;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A client that sends what it is told, byte for byte, and reads message by message.
final class WireClient implements Closeable {
    private static final int CONNECT_MILLIS = 20_000;

    private final Socket socket;
    private ByteBuffer in = ByteBuffer.allocate(32 * 1024).flip();
    private int processId;
    private int secret;

    /// Connects and sends the StartupMessage; nothing is read yet.
    WireClient(int port, Map<String, String> startup) throws IOException {
        this(port);
        write(Sent.startup(startup).bytes());
    }

    /// Connects and sends nothing.
    WireClient(int port) throws IOException {
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
    }

    /// Connects and reads until the server is ready for a query.
    static WireClient ready(int port, Map<String, String> startup) throws IOException {
        var client = new WireClient(port, startup);
        for (var message = client.require(CONNECT_MILLIS); message.type() != 'Z'; ) {
            if (message.type() == 'E') {
                client.close();
                throw new IOException("refused: " + message.fields());
            }
            message = client.require(CONNECT_MILLIS);
        }
        return client;
    }

    void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    void write(byte[] bytes, int from, int length) throws IOException {
        socket.getOutputStream().write(bytes, from, length);
    }

    void send(Sent... messages) throws IOException {
        for (var message : messages) write(message.bytes());
    }

    /// The next message, or null if none is complete within that time.
    ///
    /// @throws EOFException when the server has closed the connection
    @Nullable
    Received next(int millis) throws IOException {
        while (true) {
            var message = buffered();
            if (message != null) return message;
            if (!fill(millis)) return null;
        }
    }

    /// The next message, which has to come within that time.
    Received require(int millis) throws IOException {
        var message = next(millis);
        if (message == null) throw new SocketTimeoutException("no answer within " + millis + " ms");
        return message;
    }

    private @Nullable Received buffered() {
        if (in.remaining() < 5) return null;
        int length = in.getInt(in.position() + 1);
        if (in.remaining() < length + 1) return null;
        char type = (char) in.get();
        in.getInt();
        var body = new byte[length - 4];
        in.get(body);
        var message = new Received(type, body);
        if (type == 'K') noteKey(message);
        return message;
    }

    private void noteKey(Received key) {
        var from = key.read();
        processId = from.getInt();
        secret = from.getInt();
    }

    private boolean fill(int millis) throws IOException {
        if (in.capacity() - in.remaining() < 8192) {
            in = ByteBuffer.allocate(in.capacity() * 2).put(in).flip();
        }
        in.compact();
        try {
            socket.setSoTimeout(Math.max(1, millis));
            int count = socket.getInputStream().read(in.array(), in.position(), in.remaining());
            if (count < 0) throw new EOFException("closed by the server");
            in.position(in.position() + count);
            return true;
        } catch (SocketTimeoutException nothingCame) {
            return false;
        } finally {
            in.flip();
        }
    }

    int processId() {
        return processId;
    }

    /// A CancelRequest with this client's key; returns when its connection is closed by the other side,
    /// as libpq does.
    void cancel(int port) throws IOException {
        try (var connection = new Socket(InetAddress.getLoopbackAddress(), port)) {
            connection.setSoTimeout(CONNECT_MILLIS);
            var request = ByteBuffer.allocate(16)
                    .putInt(16)
                    .putInt(1234 << 16 | 5678)
                    .putInt(processId)
                    .putInt(secret);
            connection.getOutputStream().write(request.array());
            int end = connection.getInputStream().read();
            if (end >= 0) throw new IOException("answer to CancelRequest: " + end + " (expected: end of file)");
        }
    }

    /// Says that nothing more will come, and goes on reading.
    void finish() throws IOException {
        socket.shutdownOutput();
    }

    /// Closes so that the other side gets a reset instead of an end of file.
    void reset() throws IOException {
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
