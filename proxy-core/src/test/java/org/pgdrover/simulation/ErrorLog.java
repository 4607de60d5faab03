package org.pgdrover.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/// Hears what is logged as an error, or with an exception, which a simulation never expects.
final class ErrorLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final List<String> lines = new ArrayList<>();
    private final List<Appender<ILoggingEvent>> silenced = new ArrayList<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

    static ErrorLog begin() {
        var log = new ErrorLog();
        log.setContext(log.root.getLoggerContext());
        log.start();
        for (var each = log.root.iteratorForAppenders(); each.hasNext(); ) log.silenced.add(each.next());
        log.silenced.forEach(log.root::detachAppender);
        log.root.addAppender(log);
        return log;
    }

    @Override
    protected void append(ILoggingEvent event) {
        var thrown = event.getThrowableProxy();
        if (event.getLevel().isGreaterOrEqual(Level.ERROR) || thrown != null)
            lines.add(event.getLoggerName() + " " + event.getFormattedMessage() + " "
                    + (thrown == null ? "" : ch.qos.logback.classic.spi.ThrowableProxyUtil.asString(thrown)));
    }

    List<String> lines() {
        return lines;
    }

    @Override
    public void close() {
        root.detachAppender(this);
        silenced.forEach(root::addAppender);
        stop();
    }
}
