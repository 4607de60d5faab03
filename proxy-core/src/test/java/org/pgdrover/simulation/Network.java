package org.pgdrover.simulation;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelPromise;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Joins the proxy's channels to model servers and simulated clients, with delays and cuts drawn from
/// the seed.
final class Network {
    private static final int WINDOW = 64 * 1024;

    /// What listens at a port of a model server.
    interface Server {
        /// A peer for a new connection; null if it is refused.
        Line.@Nullable Peer accept();
    }

    private final VirtualLoop loop;
    private final RandomGenerator random;
    private final Consumer<Throwable> failed;
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true, false);
    private final Map<Integer, Server> servers = new HashMap<>();
    private final List<LineChannel> channels = new ArrayList<>();
    private final boolean slowToConnect;
    private final int slowness;
    private final int chopping;

    /// @param slowToConnect whether a connection to a server takes long beside what goes through one
    Network(VirtualLoop loop, RandomGenerator random, Consumer<Throwable> failed, boolean slowToConnect) {
        this.loop = loop;
        this.random = random;
        this.failed = failed;
        this.slowToConnect = slowToConnect;
        this.slowness = random.nextInt(4);
        this.chopping = random.nextInt(3);
    }

    ByteBufAllocator allocator() {
        return allocator;
    }

    /// Bytes in buffers that nobody has released.
    long unreleased() {
        return allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory();
    }

    /// The channels in which something waits.
    List<String> waiting() {
        return channels.stream()
                .map(LineChannel::waiting)
                .filter(each -> !each.isEmpty())
                .toList();
    }

    long now() {
        return loop.now();
    }

    void now(Runnable task) {
        loop.execute(() -> guarded(task));
    }

    void at(long nanos, Runnable task) {
        after(nanos - now(), task);
    }

    void after(long nanos, Runnable task) {
        if (nanos <= 0) now(task);
        else loop.schedule(() -> guarded(task), nanos, TimeUnit.NANOSECONDS);
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            failed.accept(failure);
        }
    }

    /// How long the next bytes are on their way.
    long latency() {
        return switch (slowness) {
            case 0 -> 0;
            case 1 -> random.nextInt(20) * 1_000L;
            case 2 -> random.nextInt(4) == 0 ? random.nextInt(2_000_000) : random.nextInt(50_000);
            default -> random.nextInt(20) == 0 ? random.nextInt(50_000_000) : random.nextInt(300_000);
        };
    }

    /// How many of so many bytes arrive together.
    int piece(int bytes) {
        return switch (chopping) {
            case 0 -> bytes;
            case 1 -> random.nextInt(4) == 0 ? 1 + random.nextInt(bytes) : bytes;
            default -> 1 + random.nextInt(Math.min(bytes, 40));
        };
    }

    // Servers

    void listen(int port, Server server) {
        servers.put(port, server);
    }

    void dial(LineChannel channel, InetSocketAddress to, ChannelPromise promise) {
        after(latency() + (slowToConnect ? random.nextInt(4_000_000) : 0), () -> {
            var server = servers.get(to.getPort());
            var peer = server == null ? null : server.accept();
            if (peer == null) {
                promise.tryFailure(new ConnectException("Connection refused: " + to));
                channel.unsafe().close(channel.voidPromise());
                return;
            }
            new Line(this, channel, peer, WINDOW);
            channels.add(channel);
            channel.connected(promise);
        });
    }

    // Clients

    /// Joins a client's peer to a new channel whose last handler is the proxy's.
    Line join(Line.Peer peer, InetSocketAddress from, int window, Consumer<LineChannel> initialiser) {
        var channel = new LineChannel(this, from);
        var line = new Line(this, channel, peer, window);
        channels.add(channel);
        initialiser.accept(channel);
        loop.register(channel);
        return line;
    }
}
