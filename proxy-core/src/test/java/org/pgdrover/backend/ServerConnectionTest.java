package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.config.Endpoint;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.testing.EverySplit;
import org.pgdrover.testing.HangingPeer;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.WireBytes;
import org.slf4j.LoggerFactory;

/// What a server connection's lessee hears, byte for byte, of what a server sends.
class ServerConnectionTest {
    private EmbeddedChannel channel;
    private ServerConnection server;
    private final List<CloseReason> ended = new ArrayList<>();

    /// Writes down what it hears.
    private static class Lessee implements AnswerOwner {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final List<String> heard = new ArrayList<>();
        int handovers;

        @Override
        public void onBytes(ByteBuf in, boolean begun) {
            handovers++;
            bytes.writeBytes(read(in));
        }

        @Override
        public void onAnswered(RequestKind kind, byte type, Note note) {
            heard.add("answered " + note);
        }

        @Override
        public void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {
            heard.add("discarded " + note);
        }

        @Override
        public boolean onError(Note note, ErrorFields error) {
            heard.add("error " + error.sqlState());
            return true;
        }

        @Override
        public void onReady(TransactionStatus status, Note note) {
            heard.add("ready " + note);
        }

        @Override
        public void onLost(CloseReason reason, @Nullable ErrorFields words) {
            heard.add("lost " + reason.label() + " " + (words == null ? "silently" : words.sqlState()));
        }
    }

    /// A note that says its name.
    private record Name(String name) implements Note {
        @Override
        public String toString() {
            return name;
        }
    }

    private static byte[] read(ByteBuf in) {
        var all = new byte[in.readableBytes()];
        in.readBytes(all).release();
        return all;
    }

    @BeforeEach
    void connect() {
        channel = new EmbeddedChannel();
        channel.freezeTime();
        server = new ServerConnection(
                channel,
                new ServerTarget("p", new Endpoint("127.0.0.1", 5432), "db", "me"),
                new CancelKey(1, new byte[4]),
                new HashMap<>(),
                new ServerOptions(Logins.withoutPasswords(), 10, () -> 0),
                0,
                gone -> ended.add(gone.closeReason()));
        channel.pipeline().addLast(server);
    }

    @AfterEach
    void disconnect() {
        channel.finishAndReleaseAll();
    }

    private Lessee leased() {
        var lessee = new Lessee();
        server.lease(lessee);
        return lessee;
    }

    private void receive(WireBytes bytes) {
        channel.writeInbound(bytes.buffer());
    }

    private static String outcome(Exchange done) {
        var error = done.error();
        return error == null ? "well" : error.sqlState();
    }

    private String sent() {
        var all = Unpooled.buffer();
        for (ByteBuf each = channel.readOutbound(); each != null; each = channel.readOutbound()) {
            all.writeBytes(each);
            each.release();
        }
        var types = WireBytes.types(all);
        all.release();
        return types;
    }

    private static WireBytes select() {
        return new WireBytes()
                .message('T', (short) 1, "a", 0, (short) 0, 23, (short) 4, -1, (short) 0)
                .message('D', (short) 1, 1, new byte[] {'7'})
                .message('C', "SELECT 1")
                .message('Z', 'I');
    }

    @Test
    void handsAnAnswerOverInOnePieceWhenItCameInOne() {
        var lessee = leased();
        server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lessee, new Name("q"));
        receive(select());
        assertThat(lessee.bytes.toByteArray()).isEqualTo(select().bytes());
        assertThat(lessee.handovers).isEqualTo(1);
        assertThat(lessee.heard).containsExactly("ready q");
        assertThat(server.isAtRest()).isTrue();
    }

    @Test
    void hearsTheSameHoweverTheBytesAreCut() {
        var answers = new WireBytes()
                .message('1')
                .message('2')
                .message('D', (short) 1, 1, new byte[] {'7'})
                .message('C', "SELECT 1")
                .message('Z', 'I')
                .append(ScriptedServer.error("22012", "division by zero"))
                .message('Z', 'I')
                .append(select());
        EverySplit.of(answers.bytes(), pieces -> {
            var lessee = leased();
            server.expect(RequestKind.PARSE, AnswerFate.SKIP, lessee, new Name("injected"));
            server.expect(RequestKind.BIND, AnswerFate.FORWARD, lessee, new Name("b"));
            server.expect(RequestKind.EXECUTE, AnswerFate.FORWARD, lessee, new Name("e"));
            server.expect(RequestKind.SYNC, AnswerFate.FORWARD, lessee, new Name("first"));
            server.expect(RequestKind.BIND, AnswerFate.FORWARD, lessee, new Name("failing"));
            server.expect(RequestKind.SYNC, AnswerFate.FORWARD, lessee, new Name("second"));
            server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lessee, new Name("third"));
            pieces.forEach(channel::writeInbound);
            var withoutTheInjected = java.util.Arrays.copyOfRange(answers.bytes(), 5, answers.bytes().length);
            assertThat(lessee.bytes.toByteArray()).isEqualTo(withoutTheInjected);
            assertThat(lessee.heard)
                    .containsExactly(
                            "answered injected",
                            "answered b",
                            "answered e",
                            "ready first",
                            "error 22012",
                            "discarded failing",
                            "ready second",
                            "ready third");
        });
    }

    @Test
    void givesTheProxysOwnAnswersInTheirTurn() {
        var lessee = leased();
        server.expect(
                RequestKind.PARSE,
                AnswerFate.FAKE,
                lessee,
                new FakeAnswer(new WireBytes().message('1').buffer(), new Name("p")));
        server.expect(RequestKind.BIND, AnswerFate.FORWARD, lessee, new Name("b"));
        server.expect(
                RequestKind.CLOSE,
                AnswerFate.FAKE,
                lessee,
                new FakeAnswer(new WireBytes().message('3').buffer(), new Name("c")));
        server.expect(RequestKind.SYNC, AnswerFate.FORWARD, lessee, new Name("s"));
        server.sendFakes();
        receive(new WireBytes().message('2').message('Z', 'I'));
        assertThat(WireBytes.types(Unpooled.wrappedBuffer(lessee.bytes.toByteArray())))
                .isEqualTo("123Z");
    }

    @Test
    void runsSqlOfTheProxysOwnUnseen() {
        var lessee = leased();
        var outcomes = new ArrayList<String>();
        new Exchange(server, done -> outcomes.add(outcome(done)))
                .query("SET a = 1")
                .send();
        assertThat(sent()).isEqualTo("Q");
        receive(new WireBytes().message('C', "SET").message('Z', 'I'));
        new Exchange(server, done -> outcomes.add(outcome(done)))
                .query("SET b = 1")
                .send();
        receive(ScriptedServer.error("42704", "unrecognized parameter").message('Z', 'I'));
        assertThat(outcomes).containsExactly("well", "42704");
        assertThat(lessee.bytes.size()).isZero();
        assertThat(lessee.heard).isEmpty();
    }

    /// A buffer that is taken then is nobody's: LeakCheck finds it.
    @Test
    void takesNothingOfAnAnswerThatIsOver() {
        leased();
        var shapes = new ArrayList<byte[]>();
        new Exchange(server, done -> shapes.add(done.prepared().getFirst().parameters()))
                .prepare(new byte[] {'s'}, new byte[] {'q', 0, 0, 0}, true)
                .sendOpen();
        receive(new WireBytes().message('1').message('t', (short) 0));
        assertThat(shapes).isEmpty();
        receive(new WireBytes().message('n'));
        assertThat(shapes).containsExactly(new byte[] {0, 0});
    }

    @Test
    void closesAServerThatDoesNotAnswerTheProxysOwnSql() {
        var lessee = leased();
        new Exchange(server, done -> lessee.heard.add("told"))
                .query("SET a = 1")
                .send();
        channel.advanceTimeBy(31, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(ended).containsExactly(CloseReason.PROBE_FAILED);
        assertThat(lessee.heard).containsExactly("lost probe-failed silently");
    }

    /// As long as the client's own statement would.
    @Test
    void letsAStatementThatIsPreparedWaitForALock() {
        leased();
        new Exchange(server, done -> {})
                .prepare(new byte[] {'s'}, new byte[] {'q', 0, 0, 0}, true)
                .sync()
                .send();
        channel.advanceTimeBy(1, TimeUnit.HOURS);
        channel.runScheduledPendingTasks();
        assertThat(server.isOpen()).isTrue();
    }

    /// The client uses the statement, which PostgreSQL has parsed before.
    @ParameterizedTest
    @CsvSource({"55P03, 0", "40P01, 0", "42P01, 22"})
    void saysWhereAStatementFailsOnlyIfItsUseWouldSay(String sqlState, int position) {
        leased();
        var error = new AtomicReference<ErrorFields>();
        new Exchange(server, done -> error.set(Objects.requireNonNull(done.error())))
                .prepare(new byte[] {'s'}, new byte[] {'q', 0, 0, 0}, true)
                .sync()
                .send();
        receive(new WireBytes()
                .message('E', 'S', "ERROR", 'V', "ERROR", 'C', sqlState, 'M', "m", 'P', "22", (char) 0)
                .message('Z', 'I'));
        assertThat(error.get().sqlState()).isEqualTo(sqlState);
        assertThat(error.get().position()).isEqualTo(position);
    }

    @Test
    void staysOpenWhenTheProxysOwnSqlWasAnsweredInTime() {
        leased();
        new Exchange(server, done -> {}).query("SET a = 1").send();
        receive(new WireBytes().message('C', "SET").message('Z', 'I'));
        channel.advanceTimeBy(31, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(server.isOpen()).isTrue();
    }

    @Test
    void tellsTheServersLastWordsWhenItIsLost() {
        var lessee = leased();
        server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lessee, new Name("q"));
        receive(new WireBytes().message('E', 'S', "FATAL", 'V', "FATAL", 'C', "57P01", 'M', "bye", (char) 0));
        channel.close();
        assertThat(lessee.bytes.size()).isZero();
        assertThat(lessee.heard).containsExactly("lost server-closed 57P01");
    }

    /// Its lessee may be in the middle of another server's answer.
    @Test
    void tellsNobodyAWarningOfTheEndOfAServerThatWorksForNobody() {
        var lessee = leased();
        var warning =
                new WireBytes().message('N', 'S', "WARNING", 'V', "WARNING", 'C', "57P02", 'M', "crash", (char) 0);
        receive(warning);
        assertThat(lessee.bytes.size()).isZero();

        server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lessee, new Name("q"));
        receive(warning);
        assertThat(lessee.bytes.size()).isPositive();
    }

    @Test
    void closesAServerThatIsReadyUnasked() {
        var lessee = leased();
        receive(new WireBytes().message('Z', 'I'));
        assertThat(ended).containsExactly(CloseReason.PROTOCOL_VIOLATION);
        assertThat(lessee.heard).containsExactly("lost protocol-violation silently");
    }

    /// Whoever looks for the reason finds it: what ends a server is a line in the log, with the server's
    /// words.
    @Test
    void logsWhatEndsAServer() {
        var logger = (Logger) LoggerFactory.getLogger(ServerConnection.class);
        var logged = new ListAppender<ILoggingEvent>();
        logged.start();
        logger.addAppender(logged);
        logger.setAdditive(false);
        var level = logger.getLevel();
        logger.setLevel(Level.INFO);
        try {
            var lessee = leased();
            server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lessee, new Name("q"));
            receive(new WireBytes().message('E', 'S', "FATAL", 'V', "FATAL", 'C', "57P01", 'M', "bye", (char) 0));
            channel.close();
        } finally {
            logger.detachAppender(logged);
            logger.setAdditive(true);
            logger.setLevel(level);
        }

        assertThat(logged.list).singleElement().satisfies(line -> {
            assertThat(line.getFormattedMessage()).contains("bye");
            assertThat(line.getKeyValuePairs().toString()).contains("server-closed");
        });
    }

    @Test
    void waitsForCancelRequestsUnderWayBeforeItChangesHands() {
        var order = new ArrayList<String>();
        server.afterCancels(() -> order.add("at once"));
        server.cancelStarted();
        server.cancelStarted();
        server.afterCancels(() -> order.add("after both"));
        server.cancelEnded();
        order.add("one arrived");
        server.cancelEnded();
        assertThat(order).containsExactly("at once", "one arrived", "after both");
    }

    /// Its Terminate waits in a buffer that nobody empties.
    @Test
    void waitsASecondForAServerThatTakesNoBytes() {
        channel.pipeline().addFirst("hangs", new HangingPeer());

        server.close(CloseReason.IDLE_TIMEOUT);
        channel.runScheduledPendingTasks();
        assertThat(ended).isEmpty();

        channel.advanceTimeBy(1, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(ended).containsExactly(CloseReason.IDLE_TIMEOUT);
    }

    /// The buffer has been handed over by then, and is not to be released once more.
    @Test
    void releasesNothingThatItHasHandedOver() {
        var failing = new Lessee() {
            private final List<ByteBuf> kept = new ArrayList<>();

            @Override
            public void onBytes(ByteBuf in, boolean begun) {
                kept.add(in);
            }

            @Override
            public void onReady(TransactionStatus status, Note note) {
                throw new IllegalStateException("a mistake of ours");
            }
        };
        server.lease(failing);
        server.expect(RequestKind.QUERY, AnswerFate.FORWARD, failing, new Name("q"));

        receive(new WireBytes().message('C', "SELECT 1").message('Z', 'I'));

        assertThat(ended).hasSize(1);

        assertThat(failing.kept).singleElement().satisfies(bytes -> {
            assertThat(bytes.refCnt()).isEqualTo(1);
            assertThat(bytes.readableBytes()).isEqualTo(20);
        });
        failing.kept.forEach(ByteBuf::release);
    }
}
