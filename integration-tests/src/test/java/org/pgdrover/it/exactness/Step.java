package org.pgdrover.it.exactness;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/// The messages that a client writes at once, or in pieces cut anywhere, before it looks at answers.
///
/// @param cuts a seed for where the bytes are cut into pieces; 0 writes them at once
record Step(List<Sent> messages, Until until, long cuts) {
    /// What the client waits for before its next step.
    enum Until {
        /// Nothing: the next step is pipelined behind this one.
        NOTHING,
        /// ReadyForQuery for everything sent so far.
        READY,
        /// The answers to what was sent before a Flush.
        FLUSHED,
        /// CopyInResponse, or ReadyForQuery when there will be none.
        COPY_IN
    }

    Step {
        messages = List.copyOf(messages);
    }

    static Step of(Until until, Sent... messages) {
        return new Step(List.of(messages), until, 0);
    }

    Step with(List<Sent> others) {
        return new Step(others, until, cuts);
    }

    /// Whether each Execute of the unnamed portal has its Bind before it, with no Sync in between.
    ///
    /// Without one it may meet the portal of a simple query that failed in a transaction block.
    /// PostgreSQL 18 has freed that portal's statements: the server can crash.
    boolean isHarmless() {
        boolean bound = false;
        for (var message : messages) {
            if (message.type() == 'E' && message.shown().startsWith("Execute \"\"") && !bound) return false;
            if (message.type() == 'B') bound |= message.shown().startsWith("Bind \"\"");
            if (message.type() == 'S') bound = false;
        }
        return true;
    }

    byte[] bytes() {
        int length =
                messages.stream().mapToInt(message -> message.bytes().length).sum();
        var all = ByteBuffer.allocate(length);
        for (var message : messages) all.put(message.bytes());
        return all.array();
    }

    /// Where the pieces end, in rising order; the last is the length.
    int[] pieces(int length) {
        if (cuts == 0 || length < 2) return new int[] {length};
        var random = new Random(cuts);
        var ends = random.ints(1 + random.nextInt(4), 1, length)
                .sorted()
                .distinct()
                .boxed()
                .collect(Collectors.toList());
        ends.add(length);
        return ends.stream().mapToInt(end -> end).toArray();
    }

    @Override
    public String toString() {
        var what = messages.stream().map(Sent::toString).collect(Collectors.joining("  "));
        return what + (cuts == 0 ? "" : "  [in pieces]") + (until == Until.NOTHING ? "  [does not wait]" : "");
    }
}
