package org.pgdrover.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.HealthMonitor;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.FailoverCoordinator;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.failover.NodeEviction;
import org.pgdrover.frontend.login.SessionDefaults;
import org.pgdrover.frontend.login.WelcomeCache;
import org.pgdrover.listening.Listeners;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.ServerTls;
import org.pgdrover.tls.TlsProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The whole proxy, running: the place where its objects are made and joined, and taken down in the
/// reverse order.
public final class ProxyServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ProxyServer.class);
    private static final LongSupplier CLOCK = System::nanoTime;
    private static final int WRITE_LOW = 32 * 1024;
    private static final int WRITE_HIGH = 128 * 1024;
    /// How long the start waits for the nodes' first word.
    private static final Duration FIRST_ROUND = Duration.ofSeconds(5);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private List<Reloadable<?>> reloadables = List.of();
    private @Nullable Channel listener;
    private @Nullable Channel localListener;
    private @Nullable Frontend frontend;
    private @Nullable HealthMonitor monitor;
    private @Nullable FailoverCoordinator failover;

    private ProxyServer() {}

    /// Starts the proxy; it serves when this returns.
    ///
    /// @param observer hears of every statement; null if nobody wants to
    /// @throws BindException if the address cannot be listened on; the message names it
    /// @throws IOException if a file cannot be read
    public static ProxyServer start(ProxyConfig config, ProxyMetrics metrics, @Nullable StatementObserver observer)
            throws IOException, InterruptedException {
        var server = new ProxyServer();
        try {
            server.begin(config, metrics, observer);
            return server;
        } catch (IOException | InterruptedException | RuntimeException failure) {
            server.close();
            throw failure;
        }
    }

    /// The rules of pool_hba.conf as they are understood.
    ///
    /// @throws IOException if a file that says who may come in cannot be read or has errors; the message
    /// has every error with its line
    public static HbaRules readAccessFiles(ProxyConfig config) throws IOException {
        return AccessFiles.read(config.auth(), ClientAccess.checksCertificates(config))
                .rules()
                .hba();
    }

    private void begin(ProxyConfig config, ProxyMetrics metrics, @Nullable StatementObserver observer)
            throws IOException, InterruptedException {
        var transport = TransportChoice.of(config.runtime().transport());
        var loops = loops(config, transport);
        var blocking = blocking();
        var files = part(new Reloadable<>(
                "auth", () -> AccessFiles.read(config.auth(), ClientAccess.checksCertificates(config))));
        var library = TlsProvider.of(config.runtime().tlsLibrary(), blocking);
        var clientTls = part(new Reloadable<>(
                "listen.tls", () -> ClientTls.read(config.listen().tls(), library), ClientTls::close));
        var serverTls = part(
                new Reloadable<>("cluster.tls", () -> ServerTls.read(config.cluster(), library), ServerTls::close));
        reloadables = List.of(files, clientTls, serverTls);
        var bound = bind(config, transport, loops);
        var local = bindLocal(config, transport, loops, ((InetSocketAddress) bound.localAddress()).getPort());

        var watching =
                new HealthMonitor(config.cluster(), new NodeConnector(config.cluster(), serverTls), metrics, CLOCK);
        monitor = watching;
        part(watching);
        var timer = part(Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("pgdrover-timer").daemon().factory()));
        var entrance = part(clientAccess(config, serverTls, watching, files));
        var gate = new HoldGate(config.failover(), timer);
        var sockets = part(new Transport(transport.sockets()));
        var connector = new ServerConnector(
                sockets,
                serverTls,
                new ServerOptions(entrance.loginMaterial(), config.pool().statementCache(), CLOCK));
        var pools = part(new PoolRegistry(config.pool(), connector, metrics, CLOCK, loops));
        watching.listen(new NodeEviction(pools));
        var coordinator = part(new FailoverCoordinator(config.cluster(), config.failover(), watching, gate, metrics));
        failover = coordinator;
        var functions = part(new FunctionCatalog(watching.connector(), watching));
        var router = new Router(config.routing(), watching, functions, CLOCK);
        var defaults =
                new SessionDefaults(watching::roleSettings, watching::refreshPrimary, pools, new WelcomeCache(CLOCK));
        watching.listen(defaults);
        frontend = Frontend.of(
                config,
                new Frontend.Backends(
                        watching,
                        connector,
                        pools,
                        router,
                        functions,
                        gate,
                        part(new Listeners(watching, connector, metrics, new SecureRandom())),
                        new CancelSender(sockets, serverTls),
                        defaults,
                        CLOCK),
                new Frontend.Access(entrance, clientTls, transport.peers()),
                metrics,
                observer);

        watching.start();
        coordinator.start();
        entrance.start();
        if (!watching.awaitFirstRound(FIRST_ROUND))
            log.atWarn().log("not every node has answered yet: clients are held until a primary is found");
        accept(bound);
        if (local != null) accept(local);
        log.atInfo()
                .addKeyValue("address", bound.localAddress())
                .addKeyValue("transport", transport.name())
                .addKeyValue("tls", library.name())
                .log("listening for clients");
    }

    private EventLoopGroup loops(ProxyConfig config, TransportChoice transport) {
        int threads = config.runtime().eventLoops();
        if (threads == 0) threads = Runtime.getRuntime().availableProcessors();
        var loops = new MultiThreadIoEventLoopGroup(
                threads, new DefaultThreadFactory("pgdrover-io", true), transport.handlers());
        parts.push(() -> loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).await(3, TimeUnit.SECONDS));
        return loops;
    }

    private ExecutorService blocking() {
        return part(Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("pgdrover-blocking-", 0).factory()));
    }

    private static ClientAccess clientAccess(
            ProxyConfig config, Supplier<ServerTls> tls, TopologySource topology, Supplier<AccessFiles> files)
            throws IOException {
        try {
            return new ClientAccess(config, tls, topology, files, CLOCK);
        } catch (InvalidFileException unusable) {
            throw new IOException(unusable.getMessage(), unusable);
        }
    }

    private <T extends AutoCloseable> T part(T part) {
        parts.push(part);
        return part;
    }

    /// Binds before anything else is started, so that a taken port is found at once; clients are taken
    /// later.
    private Channel bind(ProxyConfig config, TransportChoice transport, EventLoopGroup loops)
            throws IOException, InterruptedException {
        var host = config.listen().host();
        int port = config.listen().port();
        var future = bootstrap(config, loops)
                .channelFactory(transport.listeners())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .bind(host, port)
                .await();
        if (future.isSuccess()) {
            listener = future.channel();
            parts.push(() -> future.channel().close().await(1, TimeUnit.SECONDS));
            return future.channel();
        }
        var failure = new BindException("cannot listen on " + host + ":" + port + ": "
                + future.cause().getMessage() + "; end what uses the port, or choose another with listen.port");
        failure.initCause(future.cause());
        throw failure;
    }

    /// What the listeners for TCP and for Unix-domain sockets have in common.
    private ServerBootstrap bootstrap(ProxyConfig config, EventLoopGroup loops) {
        return new ServerBootstrap()
                .group(loops)
                .option(ChannelOption.SO_BACKLOG, config.listen().backlog())
                .option(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, Transport.readBuffers())
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(WRITE_LOW, WRITE_HIGH))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (frontend == null) channel.close();
                        else channel.pipeline().addLast("client", frontend.newClient(channel));
                    }
                });
    }

    /// Listens on the socket that libpq looks for in the directory; one that a dead process left behind
    /// is replaced.
    private @Nullable Channel bindLocal(ProxyConfig config, TransportChoice transport, EventLoopGroup loops, int port)
            throws IOException, InterruptedException {
        var directory = config.listen().unixSocketDir();
        if (directory == null) return null;
        var socket = directory.resolve(".s.PGSQL." + port);
        if (isServed(socket))
            throw new BindException(
                    "cannot listen on " + socket + ": another process does; end it, or choose another port");
        Files.deleteIfExists(socket);
        var future = bootstrap(config, loops)
                .channelFactory(transport.localListeners())
                .bind(transport.localAddress().apply(socket))
                .await();
        if (!future.isSuccess()) {
            var failure = new BindException(
                    "cannot listen on " + socket + ": " + future.cause().getMessage()
                            + "; check that the directory is there and writable, or change listen.unix-socket-dir");
            failure.initCause(future.cause());
            throw failure;
        }
        parts.push(() -> {
            future.channel().close().await(1, TimeUnit.SECONDS);
            Files.deleteIfExists(socket);
        });
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
        localListener = future.channel();
        return future.channel();
    }

    private static boolean isServed(Path socket) {
        if (!Files.exists(socket)) return false;
        try (var probe = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return probe.isConnected();
        } catch (IOException nobody) {
            return false;
        }
    }

    private static void accept(Channel bound) {
        bound.config().setAutoRead(true);
        bound.read();
    }

    /// Where clients connect.
    public InetSocketAddress address() {
        if (listener == null) throw new IllegalStateException("not started");
        return (InetSocketAddress) listener.localAddress();
    }

    /// The picture of the cluster.
    public TopologySource topology() {
        if (monitor == null) throw new IllegalStateException("not started");
        return monitor;
    }

    /// What the failover is doing now, in words.
    public String failoverState() {
        return failover == null ? "off" : failover.state().toString();
    }

    /// Clients connected now.
    public int clients() {
        return frontend == null ? 0 : frontend.clients().count();
    }

    /// What is made of files that can be read anew.
    public List<Reloadable<?>> reloadables() {
        return reloadables;
    }

    /// Takes no new clients and waits until those that are here have left, for so long at most.
    public void drain(Duration most) throws InterruptedException {
        if (listener != null) listener.close().await();
        if (localListener != null) localListener.close().await();
        long end = CLOCK.getAsLong() + most.toNanos();
        while (clients() > 0 && CLOCK.getAsLong() < end) TimeUnit.MILLISECONDS.sleep(20);
    }

    /// Ends every session as PostgreSQL would, and then everything else.
    @Override
    public void close() {
        if (frontend != null) {
            log.atInfo().addKeyValue("clients", clients()).log("stopping: sessions end now");
            frontend.clients().shutDown();
        }
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            } catch (Exception failure) {
                log.atWarn().setCause(failure).log("a part did not stop cleanly");
            }
        }
        log.atInfo().log("stopped");
    }
}
