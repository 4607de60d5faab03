package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.SharedStatements.SharedStatement;
import org.pgdrover.sql.QueryClass;

/**
 * A prepared statement as one client knows it.
 *
 * @param name the client's name for it; empty is the unnamed statement
 * @param definition the rest of its Parse after the name, or null if it was too large to keep: then it exists on one server only
 * @param shared what it is called on pooled servers; null for the unnamed statement and for one that was not kept
 */
record ClientStatement(
        byte[] name,
        byte @Nullable [] definition,
        QueryClass queryClass,
        @Nullable SharedStatement shared) {
    boolean isUnnamed() {
        return name.length == 0;
    }

    // One object per Parse: two that say the same are still two.

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
