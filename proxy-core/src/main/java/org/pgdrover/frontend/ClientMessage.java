package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.QueryClass;

/** One frontend message of a batch, with what was found out about it; reused. */
final class ClientMessage {
    byte type;
    /** Where it begins, counted from the beginning of its batch's bytes. */
    int start;
    /** Its bytes that are in hand; fewer than its length says if it is large. */
    int size;
    /** The statement that a Parse makes or a Bind, Describe or Close names; null if there is none of that name. */
    @Nullable
    ClientStatement statement;
    /** What runs: of Query and Execute. */
    @Nullable
    QueryClass queryClass;
    /** A Parse whose name is taken. */
    boolean duplicate;

    ClientMessage set(byte newType, int newStart, int newSize) {
        type = newType;
        start = newStart;
        size = newSize;
        statement = null;
        queryClass = null;
        duplicate = false;
        return this;
    }

    /** What it runs, or what the statement runs that it makes or names. */
    QueryClass runs() {
        if (queryClass != null) return queryClass;
        return statement != null ? statement.queryClass() : QueryClass.UNKNOWN;
    }
}
