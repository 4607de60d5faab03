package org.pgdrover.frontend.session;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;

/// A text with its parameter types, as clients with equal settings share it. It has one name on pooled
/// servers.
public final class SharedStatement {
    private final byte[] name;
    private final @Nullable SessionSettings settings;

    /// @param settings on which its meaning depends; null if they are not known
    SharedStatement(byte[] name, @Nullable SessionSettings settings) {
        this.name = name;
        this.settings = settings;
    }

    /// With which settings it was parsed, as far as its meaning depends on them; null if nobody knows.
    public @Nullable SessionSettings settings() {
        return settings;
    }

    public byte[] name() {
        return name;
    }
}
