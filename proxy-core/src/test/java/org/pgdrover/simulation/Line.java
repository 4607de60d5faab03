package org.pgdrover.simulation;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;

/// A connection in virtual time between a channel of the proxy and a peer that is ours.
///
/// Bytes take their time, arrive in order and in pieces of any size, and wait while the other side does
/// not read.
final class Line {
    /// The end that is not the proxy's.
    interface Peer {
        void onJoined(Line line);

        void onBytes(byte[] bytes);

        /// Nothing more comes, and nothing more is heard.
        void onEnd();
    }

    private final Network network;
    private final LineChannel channel;
    private final Peer peer;
    private final int window;
    private final ArrayDeque<byte[]> unread = new ArrayDeque<>();
    private long lastToProxy;
    private long lastToPeer;
    private int inFlight;
    private boolean paused;
    private boolean broken;
    private boolean proxyClosed;
    private boolean endReported;

    Line(Network network, LineChannel channel, Peer peer, int window) {
        this.network = network;
        this.channel = channel;
        this.peer = peer;
        this.window = window;
        channel.attach(this);
        peer.onJoined(this);
    }

    boolean isBroken() {
        return broken;
    }

    // From the peer to the proxy

    void send(byte[] bytes) {
        int from = 0;
        while (from < bytes.length) {
            int length = network.piece(bytes.length - from);
            var piece = java.util.Arrays.copyOfRange(bytes, from, from + length);
            from += length;
            toProxy(() -> channel.arrive(piece));
        }
    }

    /// Says that nothing more comes: FIN.
    void finish() {
        toProxy(() -> channel.end(false));
    }

    private void toProxy(Runnable event) {
        if (broken) return;
        lastToProxy = Math.max(lastToProxy, network.now() + network.latency());
        network.at(lastToProxy, () -> {
            if (!broken) event.run();
        });
    }

    /// Breaks both ways at once; what is on its way is lost.
    void reset() {
        if (broken) return;
        broken = true;
        network.now(() -> channel.end(true));
        endPeer();
    }

    /// Breaks when the proxy's end has had what is on its way to it.
    void resetAfterSent() {
        toProxy(this::reset);
    }

    // From the proxy to the peer

    /// Takes as many bytes as there is room for, and says how many.
    int offer(ByteBuf bytes) {
        int length = Math.min(bytes.readableBytes(), window - inFlight);
        if (length <= 0) return 0;
        var copy = new byte[length];
        bytes.getBytes(bytes.readerIndex(), copy);
        if (broken) return length;
        inFlight += length;
        lastToPeer = Math.max(lastToPeer, network.now() + network.latency());
        network.at(lastToPeer, () -> reachPeer(copy));
        return length;
    }

    private void reachPeer(byte[] bytes) {
        if (broken) return;
        unread.add(bytes);
        read();
    }

    /// Whether the peer reads.
    void pause(boolean pause) {
        paused = pause;
        if (!pause) network.now(this::read);
    }

    private void read() {
        while (!paused && !endReported && unread.poll() instanceof byte[] bytes) {
            inFlight -= bytes.length;
            peer.onBytes(bytes);
            if (inFlight <= window / 2) channel.resumeWriting();
        }
        if (proxyClosed && unread.isEmpty() && !paused) endPeer();
    }

    void closedByProxy() {
        if (broken || proxyClosed) return;
        lastToPeer = Math.max(lastToPeer, network.now() + network.latency());
        network.at(lastToPeer, () -> {
            proxyClosed = true;
            read();
        });
    }

    private void endPeer() {
        if (endReported) return;
        endReported = true;
        peer.onEnd();
    }
}
