package org.pgdrover.server;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The name of the operating system's user at the other end of a Unix-domain socket (PostgreSQL manual,
/// section 20.9). The kernel tells it.
enum PeerNames implements Function<Channel, @Nullable String> {
    EPOLL {
        @Override
        @Nullable
        PeerCredentials credentials(Channel channel) throws IOException {
            return channel instanceof EpollDomainSocketChannel socket ? socket.peerCredentials() : null;
        }
    },
    IO_URING {
        @Override
        @Nullable
        PeerCredentials credentials(Channel channel) throws IOException {
            return channel instanceof IoUringDomainSocketChannel socket ? socket.peerCredentials() : null;
        }
    },
    /// Java's own channels do not tell Netty.
    NIO {
        @Override
        @Nullable
        PeerCredentials credentials(Channel channel) {
            return null;
        }
    };

    abstract @Nullable PeerCredentials credentials(Channel channel) throws IOException;

    /// Null if the kernel does not say, or the user has no name here.
    @Override
    public @Nullable String apply(Channel channel) {
        try {
            var peer = credentials(channel);
            return peer == null ? null : name(peer);
        } catch (IOException untold) {
            return null;
        }
    }

    /// The owner of the peer's process has the name of its user; should the process be another by now,
    /// its owner's number tells.
    private static @Nullable String name(PeerCredentials peer) throws IOException {
        var process = Path.of("/proc/" + peer.pid());
        if ((int) Files.getAttribute(process, "unix:uid") != peer.uid()) return null;
        var name = Files.getOwner(process).getName();
        return name.equals(Integer.toString(peer.uid())) ? null : name;
    }
}
