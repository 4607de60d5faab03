package org.pgdrover.frontend.session;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// The values of the parameters that servers report, as a client has been told of them.
///
/// What a transaction has changed is taken back when the transaction is lost: no server is left that would report it
/// (PostgreSQL manual, section 54.2.7). Confined to the client's event loop.
public final class ToldParameters {
    private final Map<String, String> values;
    /// What the present transaction has changed, as it was before.
    private final Map<String, String> before = new HashMap<>(2);

    private boolean late;

    ToldParameters(Map<String, String> begun) {
        values = new HashMap<>(begun);
    }

    /// What the client believes the value to be; null if it was never told.
    public @Nullable String value(String name) {
        return values.get(name);
    }

    /// Whether a server may have reported values to the proxy alone, before the client is ready.
    public boolean isLate() {
        return late;
    }

    public void late(boolean now) {
        late = now;
    }

    void tell(String name, String value) {
        var old = values.put(name, value);
        if (old != null) before.putIfAbsent(name, old);
    }

    /// What the client was told of a parameter is none of the present transaction's changes.
    void outsideTransaction(String name) {
        before.remove(name);
    }

    void transactionOver() {
        if (!before.isEmpty()) before.clear();
    }

    /// Gives the values from before the transaction that differ from those that the client believes in.
    public void fromBefore(BiConsumer<String, String> each) {
        Map.copyOf(before).forEach((name, old) -> {
            if (!old.equals(values.get(name))) each.accept(name, old);
        });
    }
}
