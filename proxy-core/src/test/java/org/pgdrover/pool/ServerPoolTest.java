package org.pgdrover.pool;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.backend.Transport;
import org.pgdrover.config.Endpoint;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.tls.ServerTls;
import org.slf4j.LoggerFactory;

/// Limits, order and age of server connections, against a real socket and a clock that the test turns.
class ServerPoolTest {
    private final AtomicLong ahead = new AtomicLong();
    private ScriptedServer server;
    private EventLoopGroup loops;
    private final List<ServerPool> pools = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        server = new ScriptedServer("s");
        loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    }

    @AfterEach
    void stop() throws Exception {
        pools.forEach(ServerPool::close);
        server.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    private long now() {
        return System.nanoTime() + ahead.get();
    }

    private void pass(Duration time) {
        ahead.addAndGet(time.toNanos());
    }

    private static PoolSettings settings(int size, int minSize) {
        return new PoolSettings(
                PoolMode.TRANSACTION, size, minSize, Duration.ofSeconds(5), Duration.ofMinutes(1), Duration.ofHours(1));
    }

    private ServerPool pool(PoolSettings settings) {
        return pool(settings, "db", new NodeBudget(0));
    }

    private ServerPool pool(PoolSettings settings, String database, NodeBudget budget) {
        var connector = new ServerConnector(
                new Transport(NioSocketChannel::new),
                () -> ServerTls.DISABLED,
                new ServerOptions(Logins.withoutPasswords(), 10, this::now));
        var pool = new ServerPool(
                new ServerTarget("n", new Endpoint("127.0.0.1", server.port()), database, "me"),
                settings,
                budget,
                connector,
                ProxyMetrics.NOOP,
                this::now);
        pools.add(pool);
        return pool;
    }

    /// Somebody who asks, and keeps what comes until told.
    private final class Asking implements Acquirer {
        final EventLoop loop = loops.next();
        final BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
        private final ServerPool pool;
        private final String name;
        private final @Nullable List<String> order;

        Asking(ServerPool pool, String name, @Nullable List<String> order) {
            this.pool = pool;
            this.name = name;
            this.order = order;
            loop.execute(() -> pool.acquire(this, SessionSettings.EMPTY));
        }

        Asking(ServerPool pool) {
            this(pool, "", null);
        }

        @Override
        public EventLoop eventLoop() {
            return loop;
        }

        @Override
        public void onServer(ServerPool from, ServerConnection lent) {
            if (order != null) order.add(name);
            answers.add(lent);
        }

        @Override
        public void onRefused(ServerPool from, Refusal refusal) {
            answers.add(refusal);
        }

        Object answer() throws InterruptedException {
            var answer = answers.poll(10, TimeUnit.SECONDS);
            if (answer == null) throw new AssertionError("no answer within 10 s");
            return answer;
        }

        ServerConnection lent() throws InterruptedException {
            if (answer() instanceof ServerConnection connection) return connection;
            throw new AssertionError("refused");
        }

        Refusal refused() throws InterruptedException {
            if (answer() instanceof Refusal refusal) return refusal;
            throw new AssertionError("not refused");
        }

        void giveBack(ServerConnection connection) throws InterruptedException {
            loop.submit(() -> pool.release(connection)).sync();
        }
    }

    @Test
    void lendsTheSameConnectionAgain() throws Exception {
        var pool = pool(settings(5, 0));
        for (int i = 0; i < 10; i++) {
            var asking = new Asking(pool);
            asking.giveBack(asking.lent());
        }
        assertThat(pool.open()).isEqualTo(1);
        assertThat(pool.leased()).isZero();
    }

    @Test
    void opensNoMoreThanItsSizeAndServesInTheOrderOfAsking() throws Exception {
        var pool = pool(settings(1, 0));
        var order = new ArrayList<String>();
        var holder = new Asking(pool);
        var connection = holder.lent();
        var waiting = new ArrayList<Asking>();
        for (int i = 0; i < 8; i++) {
            int before = i;
            waiting.add(new Asking(pool, Integer.toString(i), order));
            Until.isTrue(() -> pool.waiting() == before + 1);
        }
        // After this long nobody is preferred for the sake of an event loop.
        pass(Duration.ofSeconds(1));

        var last = holder;
        for (var next : waiting) {
            last.giveBack(connection);
            connection = next.lent();
            last = next;
        }
        last.giveBack(connection);

        assertThat(order).containsExactly("0", "1", "2", "3", "4", "5", "6", "7");
        assertThat(pool.open()).isEqualTo(1);
    }

    /// Whoever should have cleaned the connection has a fault: the pool is the last to see that, and says
    /// so.
    @Test
    void closesAndNamesWhatIsNotClean() throws Exception {
        var pool = pool(settings(1, 0));
        var logger = (Logger) LoggerFactory.getLogger(ServerPool.class);
        var logged = new ListAppender<ILoggingEvent>();
        logged.start();
        logger.addAppender(logged);
        logger.setAdditive(false);
        var level = logger.getLevel();
        logger.setLevel(Level.WARN);
        try {
            var asking = new Asking(pool);
            var connection = asking.lent();
            asking.loop
                    .submit(() -> connection.session().notClean("a lock of alice's"))
                    .sync();
            asking.giveBack(connection);

            assertThat(new Asking(pool).lent()).isNotSameAs(connection);
        } finally {
            logger.detachAppender(logged);
            logger.setAdditive(true);
            logger.setLevel(level);
        }
        assertThat(logged.list).singleElement().satisfies(line -> {
            assertThat(line.getFormattedMessage()).contains("closed instead of being given");
            assertThat(line.getKeyValuePairs().toString()).contains("a lock of alice's");
        });
    }

    @Test
    void namesTheLimitToWhoWaitedTooLong() throws Exception {
        var pool = pool(settings(1, 0));
        var holder = new Asking(pool);
        var connection = holder.lent();
        var waiter = new Asking(pool);
        Until.isTrue(() -> pool.waiting() == 1);

        pass(Duration.ofSeconds(4));
        pool.maintain(loops.next());
        assertThat(pool.waiting()).isEqualTo(1);
        pass(Duration.ofSeconds(2));
        pool.maintain(loops.next());

        var refusal = waiter.refused();
        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.TIMEOUT);
        assertThat(refusal.error().sqlState()).isEqualTo("53300");
        assertThat(refusal.error().message()).contains("pool.size = 1");
        holder.giveBack(connection);
    }

    /// Clients may invent names of databases, and no server lets such a pool in.
    @Test
    void isForgottenSoonerIfNoServerHasLetItIn() throws Exception {
        var used = pool(settings(1, 0));
        var holder = new Asking(used);
        holder.lent();
        used.evict(CloseReason.NODE_LOST);
        server.refuseLogins("3D000");
        var invented = pool(settings(1, 0), "invented", new NodeBudget(0));
        new Asking(invented).refused();
        Until.isTrue(() -> used.open() == 0);

        pass(Duration.ofMinutes(2));

        assertThat(invented.isForgotten(Duration.ofHours(1), Duration.ofMinutes(1)))
                .isTrue();
        assertThat(used.isForgotten(Duration.ofHours(1), Duration.ofMinutes(1))).isFalse();
    }

    @Test
    void forgetsAWaiterThatGivesUp() throws Exception {
        var pool = pool(settings(1, 0));
        var holder = new Asking(pool);
        var connection = holder.lent();
        var waiter = new Asking(pool);
        Until.isTrue(() -> pool.waiting() == 1);

        assertThat(pool.cancel(waiter)).isTrue();
        holder.giveBack(connection);

        assertThat(waiter.answers).isEmpty();
        assertThat(pool.leased()).isZero();
        assertThat(pool.cancel(waiter)).isFalse();
    }

    @Test
    void closesWhatIsIdleTooLongButForTheLeast() throws Exception {
        var pool = pool(settings(4, 1));
        var all = new ArrayList<Asking>();
        for (int i = 0; i < 4; i++) all.add(new Asking(pool));
        var connections = new ArrayList<ServerConnection>();
        for (var each : all) connections.add(each.lent());
        for (int i = 0; i < 4; i++) all.get(i).giveBack(connections.get(i));
        assertThat(pool.open()).isEqualTo(4);

        pass(Duration.ofSeconds(61));
        pool.maintain(loops.next());

        Until.isTrue(() -> pool.open() == 1);
    }

    @Test
    void keepsTheLeastOpen() {
        var pool = pool(settings(4, 2));
        pool.maintain(loops.next());
        Until.isTrue(() -> pool.open() == 2);
    }

    /// One that was logging in when sessions began to begin with something else may have the old or the
    /// new.
    @Test
    void lendsNothingThatBeganBeforeARenewal() throws Exception {
        var pool = pool(settings(2, 0));
        var one = new Asking(pool);
        var other = new Asking(pool);
        var idle = one.lent();
        var working = other.lent();
        one.giveBack(idle);

        pool.renew(now());

        Until.isTrue(() -> !idle.isOpen());
        assertThat(working.isOpen()).isTrue();
        other.giveBack(working);
        assertThat(working.isOpen()).isFalse();
        assertThat(working.closeReason()).isEqualTo(CloseReason.SETTINGS_CHANGED);
        var next = new Asking(pool);
        var fresh = next.lent();
        next.giveBack(fresh);
        assertThat(fresh.isOpen()).isTrue();
    }

    /// What is being cleaned when the database has to be empty must not come back and stay.
    @Test
    void keepsADatabaseEmptyForAWhile() throws Exception {
        var pool = pool(settings(3, 1));
        var one = new Asking(pool);
        var other = new Asking(pool);
        var idle = one.lent();
        var working = other.lent();
        one.giveBack(idle);

        pool.closeIdle();

        Until.isTrue(() -> !idle.isOpen());
        assertThat(working.isOpen()).isTrue();
        other.giveBack(working);
        assertThat(working.isOpen()).isFalse();
        assertThat(working.closeReason()).isEqualTo(CloseReason.DATABASE_EMPTIED);
        Until.isTrue(() -> pool.open() == 0);
        pool.maintain(loops.next());
        assertThat(pool.open()).isZero();

        pass(Duration.ofSeconds(7));
        var next = new Asking(pool);
        var fresh = next.lent();
        next.giveBack(fresh);
        assertThat(fresh.isOpen()).isTrue();
    }

    /// Who waits in vain because the server refuses more connections hears what the server has said.
    @Test
    void saysWhyTheServerGivesNoMore() throws Exception {
        var pool = pool(settings(2, 0));
        var holder = new Asking(pool);
        var held = holder.lent();
        server.refuseLogins("53300");
        // Whoever gives up before the server has said anything hears of the time alone.
        var heard = "";
        for (int i = 0; i < 100 && !heard.equals("not you"); i++) {
            var waiter = new Asking(pool);
            pass(Duration.ofSeconds(6));
            Until.isTrue(() -> {
                pool.maintain(loops.next());
                return !waiter.answers.isEmpty();
            });
            heard = waiter.refused().error().message();
        }
        assertThat(heard).isEqualTo("not you");
        holder.giveBack(held);
    }

    @Test
    void doesNotLendBeyondTheLifetime() throws Exception {
        var pool = pool(settings(1, 0));
        var first = new Asking(pool);
        var old = first.lent();

        pass(Duration.ofMinutes(61));
        first.giveBack(old);

        Until.isTrue(() -> !old.isOpen());
        var second = new Asking(pool);
        var fresh = second.lent();
        assertThat(fresh).isNotSameAs(old);
        second.giveBack(fresh);
    }

    @Test
    void replacesAnIdleConnectionThatDoesNotAnswer() throws Exception {
        var pool = pool(settings(1, 0));
        var first = new Asking(pool);
        var silent = first.lent();
        first.giveBack(silent);
        server.on("", (wire, message) -> true);

        pass(Duration.ofSeconds(50));
        var second = new Asking(pool);
        var fresh = second.lent();

        assertThat(fresh).isNotSameAs(silent);
        assertThat(silent.isOpen()).isFalse();
        second.giveBack(fresh);
    }

    @Test
    void leavesAServerAloneThatHasRefused() throws Exception {
        var pool = pool(settings(1, 0));
        server.refuseLogins("28P01");

        var first = new Asking(pool).refused();
        assertThat(first.kind()).isEqualTo(Refusal.Kind.LOGIN_FAILED);
        assertThat(first.error().sqlState()).isEqualTo("28P01");
        int tried = server.logins();
        assertThat(new Asking(pool).refused().error().sqlState()).isEqualTo("28P01");
        assertThat(server.logins()).isEqualTo(tried);

        server.refuseLogins(null);
        pass(Duration.ofSeconds(2));
        var later = new Asking(pool);
        later.giveBack(later.lent());
    }

    /// Who may log in, and to what, has changed.
    @Test
    void triesAServerAgainAtOnceAfterARenewal() throws Exception {
        var pool = pool(settings(1, 0));
        server.refuseLogins("3D000");
        assertThat(new Asking(pool).refused().error().sqlState()).isEqualTo("3D000");

        server.refuseLogins(null);
        pool.renew(now());

        var next = new Asking(pool);
        next.giveBack(next.lent());
    }

    @Test
    void keepsToTheLimitOfTheNode() throws Exception {
        var budget = new NodeBudget(2);
        var one = pool(settings(5, 0), "one", budget);
        var two = pool(settings(5, 0), "two", budget);
        var a = new Asking(one);
        var b = new Asking(one);
        var first = a.lent();
        var second = b.lent();

        var c = new Asking(two);
        Until.isTrue(() -> two.waiting() == 1);
        assertThat(two.isWaitingForRoom()).isTrue();
        assertThat(one.closeOneIdle()).isFalse();
        a.giveBack(first);
        assertThat(one.closeOneIdle()).isTrue();
        // The node's room comes back a little after the pool has counted its connection out.
        Until.isTrue(() -> one.open() == 1 && !budget.isExhausted());
        two.maintain(loops.next());

        c.giveBack(c.lent());
        b.giveBack(second);
        assertThat(budget.isExhausted()).isTrue();
    }

    @Test
    void refusesEverybodyWhenItsNodeIsGivenUp() throws Exception {
        var pool = pool(settings(1, 0));
        var holder = new Asking(pool);
        var connection = holder.lent();
        var waiter = new Asking(pool);
        Until.isTrue(() -> pool.waiting() == 1);

        pool.evict(org.pgdrover.backend.CloseReason.SHUTDOWN);

        assertThat(waiter.refused().kind()).isEqualTo(Refusal.Kind.UNREACHABLE);
        Until.isTrue(() -> !connection.isOpen());
        Until.isTrue(() -> pool.open() == 0);
    }
}
