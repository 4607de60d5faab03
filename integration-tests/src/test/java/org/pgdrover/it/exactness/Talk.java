package org.pgdrover.it.exactness;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.pgdrover.it.exactness.Scenario.Ending;

/// A client's session while it lasts: it sends steps, and knows what they still wait for.
final class Talk implements Closeable {
    private static final long PIECE_NANOS = 300_000;

    private final WireClient client;
    private final Transcript transcript = new Transcript();
    private Step.Until until = Step.Until.READY;
    private int readyOwed = 1;
    private int readyGot;
    private int answersOwed;
    private int answersGot;
    private boolean failed;
    private boolean copying;
    private boolean closed;
    private boolean terminated;
    private int certain;

    Talk(int port, Map<String, String> startup) throws IOException {
        client = new WireClient(port, startup);
    }

    void send(Step step) throws IOException {
        until = step.until();
        copying = false;
        for (var message : step.messages()) expect(message.type());
        write(step, step.bytes().length);
    }

    private void expect(char type) {
        switch (type) {
            case 'Q', 'S', 'F' -> {
                readyOwed++;
                answersOwed = 0;
                answersGot = 0;
                failed = false;
            }
            case 'P', 'B', 'D', 'E', 'C' -> answersOwed++;
            default -> {}
        }
    }

    /// Writes only so many bytes of the step.
    private void write(Step step, int length) throws IOException {
        if (closed) return;
        var bytes = step.bytes();
        int from = 0;
        try {
            for (int end : step.pieces(length)) {
                if (from > 0) LockSupport.parkNanos(PIECE_NANOS);
                client.write(bytes, from, end - from);
                from = end;
            }
        } catch (SocketException gone) {
            // What was said before the end is still to be read.
        }
    }

    boolean isSatisfied() {
        if (closed || readyGot >= readyOwed && answersOwed == 0) return true;
        return switch (until) {
            case NOTHING -> true;
            case READY -> readyGot >= readyOwed;
            case FLUSHED -> readyGot >= readyOwed && (failed || answersGot >= answersOwed);
            case COPY_IN -> copying || readyGot >= readyOwed;
        };
    }

    /// Reads until what the last step waits for is there, or nothing has come for that time.
    boolean await(int quietMillis) throws IOException {
        while (!isSatisfied() && read(quietMillis)) continue;
        if (isSatisfied() && until != Step.Until.NOTHING) certain = transcript.size();
        return isSatisfied();
    }

    /// Reads until there are so many lines, or nothing has come for that time.
    boolean awaitLines(int lines, int quietMillis) throws IOException {
        while (!closed && transcript.size() < lines && read(quietMillis)) continue;
        if (transcript.size() >= lines) certain = transcript.size();
        return closed || transcript.size() >= lines;
    }

    /// Reads one message; false if none came.
    private boolean read(int millis) throws IOException {
        if (closed) return false;
        try {
            var message = client.next(millis);
            if (message == null) return false;
            // Whoever has said Terminate does not listen any more (manual, section 54.2.10): what PostgreSQL says of a
            // Terminate among copied data, it says to nobody.
            if (!terminated || message.type() == 'A') transcript.add(message, client.processId());
            note(message.type());
            return true;
        } catch (EOFException | SocketException end) {
            closed = true;
            transcript.note("closed");
            return true;
        }
    }

    private void note(char type) {
        switch (type) {
            case 'Z' -> readyGot++;
            case 'E' -> failed = readyGot >= readyOwed;
            case 'G' -> copying = true;
            case '1', '2', '3', 'C', 's', 'I', 'T', 'n' -> {
                if (readyGot >= readyOwed) answersGot++;
            }
            default -> {}
        }
    }

    /// Reads all that is still to come, which takes a Sync behind messages that have none; true if it is
    /// there.
    boolean settle(int quietMillis) throws IOException {
        if (answersOwed > 0) send(Step.of(Step.Until.READY, Sent.sync()));
        until = Step.Until.READY;
        return await(quietMillis);
    }

    /// Leaves as an application does that has read everything.
    void terminate(int notifications, int quietMillis) throws IOException {
        if (!settle(quietMillis)) transcript.note(Transcript.NO_ANSWER);
        while (!closed && transcript.notifications() < notifications && read(quietMillis)) continue;
        client.send(closed ? new Sent[0] : new Sent[] {Sent.terminate()});
        terminated = true;
        while (!closed && read(quietMillis)) continue;
        certain = transcript.size();
        client.close();
    }

    /// Leaves in a hurry; of a session that ends like this only what was read before counts.
    void leave(Ending ending, Step last) throws IOException {
        try {
            leaveNow(ending, last);
        } catch (SocketException gone) {
            // the same for the other side
        } finally {
            client.close();
        }
    }

    private void leaveNow(Ending ending, Step last) throws IOException {
        int length = last.bytes().length;
        write(
                last,
                ending == Ending.CUT
                        ? length / 2 + (int) Math.floorMod(last.cuts(), Math.max(1, length / 2L))
                        : length);
        switch (ending) {
            case RESET -> client.reset();
            case TERMINATE_AT_ONCE -> client.send(Sent.terminate());
            case CUT, TERMINATE -> {}
        }
    }

    /// As [#leave], and returns when the server has done all of it.
    void leaveAndWait(Ending ending, Step last) throws IOException {
        try {
            leaveNow(ending == Ending.RESET ? Ending.TERMINATE_AT_ONCE : ending, last);
            client.finish();
            while (client.next(10_000) != null) continue;
        } catch (EOFException | SocketException end) {
            // done
        } finally {
            client.close();
        }
    }

    Transcript transcript() {
        return transcript;
    }

    boolean isClosed() {
        return closed;
    }

    /// How many lines were read before the last wait ended.
    int certain() {
        return certain;
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
