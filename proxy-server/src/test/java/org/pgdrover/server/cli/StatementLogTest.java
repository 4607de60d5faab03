package org.pgdrover.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.config.LogConfig;
import org.pgdrover.metrics.StatementObserver;
import org.slf4j.LoggerFactory;

class StatementLogTest {
    private static final long SLOW = Duration.ofSeconds(2).toNanos();
    private static final String SQL = "SELECT * FROM accounts WHERE owner = 'alice' AND id = 4711";

    private final Logger logger = (Logger) LoggerFactory.getLogger("org.pgdrover.statements");
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final AtomicLong clock = new AtomicLong();

    @BeforeEach
    void listen() {
        // As log.level says, which holds for the statements too.
        Logging.level("info");
        logger.setAdditive(false);
        logged.start();
        logger.addAppender(logged);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(logged);
        logger.setAdditive(true);
    }

    private StatementObserver observer(boolean all, boolean literals) {
        return Objects.requireNonNull(
                StatementLog.of(new LogConfig("info", all, Duration.ofSeconds(1), literals), clock::get));
    }

    private static void end(StatementObserver observer, long nanos, List<String> statements) {
        observer.onBatch(7, "read", "pg1", "a proved read", nanos, statements, "");
    }

    @Test
    void showsNoDataUnlessAsked() {
        end(observer(false, false), SLOW, List.of(SQL));
        end(observer(false, true), SLOW, List.of(SQL));
        end(observer(true, false), 1, List.of(SQL));

        assertThat(logged.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "slow statement: SELECT * FROM accounts WHERE owner = $1 AND id = $2",
                        "slow statement: " + SQL,
                        "SELECT * FROM accounts WHERE owner = $1 AND id = $2");
    }

    @Test
    void isSilentAboutWhatIsFast() {
        end(observer(false, false), 1, List.of(SQL));
        assertThat(logged.list).isEmpty();
        assertThat(StatementLog.of(new LogConfig("info", false, Duration.ZERO, false), clock::get))
                .isNull();
    }

    @Test
    void writesALineForABatchHoweverLong() {
        end(observer(false, false), SLOW, Collections.nCopies(100_000, SQL));

        assertThat(logged.list)
                .singleElement()
                .satisfies(
                        line -> assertThat(line.getKeyValuePairs().toString()).contains("statements=\"100000\""));
    }

    @Test
    void leavesLinesOutWhenVeryManyAreSlowAtOnce() {
        var observer = observer(false, false);
        for (int i = 0; i < 1000; i++) end(observer, SLOW, List.of(SQL));
        assertThat(logged.list).hasSize(50);

        clock.addAndGet(Duration.ofSeconds(1).toNanos());
        end(observer, SLOW, List.of(SQL));

        assertThat(logged.list).hasSize(51);
        assertThat(logged.list.getLast().getKeyValuePairs().toString()).contains("lines-left-out=\"950\"");
    }
}
