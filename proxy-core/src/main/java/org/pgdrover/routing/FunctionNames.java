package org.pgdrover.routing;

import java.util.HashMap;
import java.util.Map;

/** What one database's catalog says of function names: whether calling one can change anything. Immutable once built. */
final class FunctionNames {
    /** What a name may do when it is called. */
    enum Volatility {
        /** Immutable or stable, whichever function of that name is meant. */
        STEADY,
        VOLATILE,
        UNKNOWN
    }

    static final FunctionNames NONE = new FunctionNames(Map.of());

    private final Map<String, Volatility> names;

    private FunctionNames(Map<String, Volatility> names) {
        this.names = names;
    }

    Volatility volatility(String name) {
        return names.getOrDefault(name, Volatility.UNKNOWN);
    }

    int size() {
        return names.size();
    }

    /** Gathers the catalog's rows. */
    static final class Builder {
        private final Map<String, Volatility> names = new HashMap<>();

        /** One function: it makes its bare name, and its qualified one, volatile if it is; else steady if nothing else is said. */
        void add(String schema, String name, boolean isVolatile) {
            merge(name, isVolatile);
            merge(schema + "." + name, isVolatile);
        }

        private void merge(String name, boolean isVolatile) {
            names.merge(
                    name,
                    isVolatile ? Volatility.VOLATILE : Volatility.STEADY,
                    (one, other) -> one == Volatility.VOLATILE ? one : other);
        }

        FunctionNames build() {
            return new FunctionNames(Map.copyOf(names));
        }
    }
}
