package org.pgdrover.testing;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;

/// One end of a real connection that talks bytes, without any of the code under test.
public final class Wire implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;

    public Wire(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    public void send(WireBytes bytes) throws IOException {
        send(bytes.bytes());
    }

    public void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    /// The next message with a type byte; null at the end of the stream.
    public @org.jspecify.annotations.Nullable Message read() throws IOException {
        int type = in.read();
        if (type < 0) return null;
        var body = new byte[in.readInt() - 4];
        in.readFully(body);
        return new Message((char) type, body);
    }

    /// A packet without a type byte: what follows its length.
    public byte[] readPacket() throws IOException {
        var body = new byte[in.readInt() - 4];
        in.readFully(body);
        return body;
    }

    public int readByte() throws IOException {
        int value = in.read();
        if (value < 0) throw new EOFException();
        return value;
    }

    /// Ends it when the other end does too: to close it before everything is read would reset it, and the last words
    /// could be lost.
    public void finish() throws IOException {
        socket.shutdownOutput();
        in.transferTo(OutputStream.nullOutputStream());
    }

    /// Ends it as a machine that knows nothing of it any more.
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
