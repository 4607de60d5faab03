package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.sql.QueryClass;

/// The names that a batch makes before they are answered.
final class BatchNames {
    private @Nullable MessagePlan unnamed;
    private @Nullable Map<ByteBuf, MessagePlan> named;

    /// What the portals run that it has bound itself; null while there is none but the unnamed one.
    private @Nullable Map<String, QueryClass> portals;

    private @Nullable QueryClass unnamedPortal;

    /// Portals that the present part binds; null while there are none but the unnamed one.
    private @Nullable Map<String, QueryClass> newPortals;

    /// Takes back, last first, what the present part has made of names, if it is not the first part.
    private final ArrayDeque<Runnable> undo = new ArrayDeque<>(0);

    private boolean first = true;
    private boolean analysed;

    // Portals

    /// It binds this portal.
    void binds(String portal, QueryClass runs) {
        if (portal.isEmpty()) {
            var before = unnamedPortal;
            if (!first) undo.push(() -> unnamedPortal = before);
            unnamedPortal = runs;
            return;
        }
        if (portals == null) portals = new HashMap<>();
        if (newPortals == null) newPortals = new HashMap<>();
        newPortals.put(portal, runs);
        change(portals, portal, runs);
    }

    private <K, V> void change(Map<K, V> of, K name, V meaning) {
        var before = of.put(name, meaning);
        if (first) return;
        undo.push(() -> {
            if (before == null) of.remove(name);
            else of.put(name, before);
        });
    }

    /// What the portal runs that it has bound itself; null if it has bound none of this name.
    @Nullable
    QueryClass bound(String portal) {
        if (portal.isEmpty()) return unnamedPortal;
        return portals == null ? null : portals.get(portal);
    }

    /// Tells the portals that its present part has bound, for the part is sent.
    void tellPortals(ClientSession session) {
        if (unnamedPortal != null) session.portals().bound("", unnamedPortal);
        if (newPortals != null) newPortals.forEach(session.portals()::bound);
    }

    // Statements

    /// A message of it makes or closes the statement of this name; what follows in the same batch means
    /// that.
    void makes(byte[] name, MessagePlan plan) {
        if (name.length == 0) {
            var before = unnamed;
            if (!first) undo.push(() -> unnamed = before);
            unnamed = plan;
            return;
        }
        if (named == null) named = new HashMap<>();
        change(named, Unpooled.wrappedBuffer(name), plan);
    }

    /// Whether it makes or closes a statement with a name.
    boolean hasNamed() {
        return named != null && !named.isEmpty();
    }

    /// A Parse is sent of what the server analyses, for which it takes a snapshot.
    void analyses() {
        analysed = true;
    }

    /// Whether such a Parse was sent.
    boolean hasAnalysed() {
        return analysed;
    }

    /// The last message of it that makes or closes the statement whose name stands in the buffer, and is
    /// not answered yet; null if there is none.
    @Nullable
    MessagePlan find(ByteBuf buffer, int from, int length) {
        var plan = length == 0 ? unnamed : named == null ? null : named.get(buffer.slice(from, length));
        return plan != null && plan.pending ? plan : null;
    }

    /// The statements that it has made before are deallocated.
    void deallocateAll() {
        var before = named;
        if (before == null) return;
        if (!first) undo.push(() -> named = before);
        named = null;
    }

    // Its parts

    /// Another part of the batch follows.
    ///
    /// @param answered whether nothing that was sent of it is still owed its answer
    void next(boolean answered) {
        first = false;
        if (answered) {
            // The client's statements know now what was made, and the plans are used again.
            unnamed = null;
            named = null;
        }
        undo.clear();
        newPortals = null;
    }

    /// Takes back what the present part has made of names.
    void judgeAgain() {
        newPortals = null;
        while (undo.poll() instanceof Runnable last) last.run();
        if (!first) return;
        unnamed = null;
        named = null;
        unnamedPortal = null;
        portals = null;
    }

    /// As new.
    void recycle() {
        first = true;
        analysed = false;
        undo.clear();
        judgeAgain();
    }
}
