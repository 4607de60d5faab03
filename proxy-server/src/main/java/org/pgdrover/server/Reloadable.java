package org.pgdrover.server;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thing made of files that can be read anew while the proxy runs. If the new files are wrong, what
/// was read before stays in force.
public final class Reloadable<T> implements Supplier<T>, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Reloadable.class);

    /// Reads the files and checks them.
    @FunctionalInterface
    public interface Reader<T> {
        T read() throws IOException;
    }

    private final String what;
    private final Reader<T> reader;
    private final Consumer<T> free;
    private volatile T current;
    private @Nullable T retired;

    /// Reads for the first time.
    ///
    /// @param what an operator calls it, such as the section of the configuration that names the files
    /// @param free ends what is no longer needed
    public Reloadable(String what, Reader<T> reader, Consumer<T> free) throws IOException {
        this.what = what;
        this.reader = reader;
        this.free = free;
        this.current = reader.read();
    }

    /// The same for what the garbage collector frees.
    public Reloadable(String what, Reader<T> reader) throws IOException {
        this(what, reader, unneeded -> {});
    }

    /// What is in force now.
    @Override
    public T get() {
        return current;
    }

    /// Reads again; whoever asks from now on gets the new, and nobody who has the old is disturbed.
    public synchronized void reload() {
        try {
            var read = reader.read();
            retire();
            retired = current;
            current = read;
            log.atInfo().addKeyValue("what", what).log("read anew");
        } catch (IOException | RuntimeException wrong) {
            log.atError()
                    .addKeyValue("what", what)
                    .log("not read anew, what was read before stays in force: {}", wrong.getMessage());
        }
    }

    /// Somebody may have asked a moment ago, so what is replaced is freed only when it is replaced
    /// again, or at the end.
    private void retire() {
        if (retired != null) free.accept(retired);
        retired = null;
    }

    @Override
    public synchronized void close() {
        retire();
        free.accept(current);
    }
}
