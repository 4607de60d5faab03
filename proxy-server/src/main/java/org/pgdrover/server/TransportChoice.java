package org.pgdrover.server;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.TransportKind;

/// One way of carrying bytes, with the parts of Netty that belong to it.
record TransportChoice(
        String name,
        IoHandlerFactory handlers,
        ChannelFactory<? extends ServerChannel> listeners,
        ChannelFactory<? extends ServerChannel> localListeners,
        Function<Path, SocketAddress> localAddress,
        ChannelFactory<? extends Channel> sockets,
        PeerNames peers) {
    /// @throws UnsupportedOperationException if the wanted one does not work on this machine; AUTO
    /// always finds one
    static TransportChoice of(TransportKind kind) {
        return switch (kind) {
            case AUTO -> Epoll.isAvailable() ? epoll() : nio();
            case EPOLL -> available(Epoll.isAvailable(), "epoll", Epoll.unavailabilityCause(), epollOrNull());
            case IO_URING -> available(IoUring.isAvailable(), "io_uring", IoUring.unavailabilityCause(), uringOrNull());
            case NIO -> nio();
        };
    }

    private static TransportChoice available(
            boolean available, String name, @Nullable Throwable cause, @Nullable TransportChoice choice) {
        if (available && choice != null) return choice;
        var why = cause == null ? "" : ": " + cause.getMessage();
        throw new UnsupportedOperationException(
                "runtime.transport: " + name + " does not work on this machine" + why + "; use auto");
    }

    private static @Nullable TransportChoice epollOrNull() {
        return Epoll.isAvailable() ? epoll() : null;
    }

    private static @Nullable TransportChoice uringOrNull() {
        return IoUring.isAvailable() ? uring() : null;
    }

    private static TransportChoice epoll() {
        return new TransportChoice(
                "epoll",
                EpollIoHandler.newFactory(),
                EpollServerSocketChannel::new,
                EpollServerDomainSocketChannel::new,
                path -> new DomainSocketAddress(path.toFile()),
                EpollSocketChannel::new,
                PeerNames.EPOLL);
    }

    private static TransportChoice uring() {
        return new TransportChoice(
                "io_uring",
                IoUringIoHandler.newFactory(),
                IoUringServerSocketChannel::new,
                IoUringServerDomainSocketChannel::new,
                path -> new DomainSocketAddress(path.toFile()),
                IoUringSocketChannel::new,
                PeerNames.IO_URING);
    }

    private static TransportChoice nio() {
        return new TransportChoice(
                "nio",
                NioIoHandler.newFactory(),
                NioServerSocketChannel::new,
                NioServerDomainSocketChannel::new,
                UnixDomainSocketAddress::of,
                NioSocketChannel::new,
                PeerNames.NIO);
    }
}
