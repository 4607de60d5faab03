package org.pgdrover.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.testing.Message;

/// A session of the model that one client would have had for itself: what it answers is what the client
/// must hear.
final class PrivateSession {
    private final ModelData data = new ModelData();
    private final Deque<Answer> answers = new ArrayDeque<>();
    private final ModelSession session;

    PrivateSession(Map<String, String> startup, LongSupplier clock) {
        Shared.begin(data);
        var node = new ModelNode("private", data, false, 1, clock);
        session = new ModelSession(node, startup, answers::add, ModelSession.Watch.NOBODY);
        session.welcome(new byte[] {1, 2, 3, 4});
    }

    Deque<Answer> answers() {
        return answers;
    }

    ModelData data() {
        return data;
    }

    ModelSession session() {
        return session;
    }

    void feed(Message message) {
        session.receive(message);
        while (session.hasWork()) session.step();
    }

    /// The answer that is due next, after as many messages as it takes; null if none is due.
    @Nullable
    Answer due(Deque<Message> sent) {
        while (answers.isEmpty() && !sent.isEmpty()) feed(sent.remove());
        return answers.peek();
    }
}
