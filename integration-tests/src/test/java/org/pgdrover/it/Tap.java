package org.pgdrover.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Stands between the proxy and a server, passes everything on, and keeps what the proxy has sent on
/// each connection.
final class Tap implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<ByteArrayOutputStream> sent = new CopyOnWriteArrayList<>();
    private final int port;

    Tap(int port) throws IOException {
        this.port = port;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /// The bytes of each connection, in the order in which they were made.
    List<byte[]> sent() {
        return sent.stream().map(ByteArrayOutputStream::toByteArray).toList();
    }

    private void accept() {
        try {
            while (true) {
                var near = listener.accept();
                var far = new Socket(InetAddress.getLoopbackAddress(), port);
                sockets.addAll(List.of(near, far));
                var kept = new ByteArrayOutputStream();
                sent.add(kept);
                Thread.ofVirtual().start(() -> copy(near, far, kept));
                Thread.ofVirtual().start(() -> copy(far, near, OutputStream.nullOutputStream()));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private static void copy(Socket from, Socket to, OutputStream kept) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            var buffer = new byte[8192];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                kept.write(buffer, 0, length);
                to.getOutputStream().write(buffer, 0, length);
            }
        } catch (IOException gone) {
            // One end has closed; so does the other.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (var socket : sockets) socket.close();
    }
}
