package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The prepared statements of one client by the client's names; a hash table that is asked with bytes of a message, without copying them. */
final class ClientStatements {
    private static final int INITIAL = 8;

    private @Nullable ClientStatement[] table = new ClientStatement[INITIAL];
    private int size;
    private @Nullable ClientStatement unnamed;

    @Nullable
    ClientStatement unnamed() {
        return unnamed;
    }

    void unnamed(@Nullable ClientStatement statement) {
        unnamed = statement;
    }

    /** The statement whose name stands in the buffer; the empty name is the unnamed statement. */
    @Nullable
    ClientStatement find(ByteBuf buffer, int from, int length) {
        if (length == 0) return unnamed;
        for (int i = slot(hash(buffer, from, length)); ; i = next(i)) {
            var statement = table[i];
            if (statement == null) return null;
            if (matches(statement.name(), buffer, from, length)) return statement;
        }
    }

    @Nullable
    ClientStatement find(byte[] name) {
        for (int i = slot(hash(name)); ; i = next(i)) {
            var statement = table[i];
            if (statement == null || Arrays.equals(statement.name(), name)) return statement;
        }
    }

    /** Adds a statement under a name that is not taken. */
    void add(ClientStatement statement) {
        if ((size + 1) * 2 > table.length) grow();
        insert(statement);
        size++;
    }

    private void insert(ClientStatement statement) {
        int i = slot(hash(statement.name()));
        while (table[i] != null) i = next(i);
        table[i] = statement;
    }

    private void grow() {
        var old = table;
        table = new ClientStatement[old.length * 2];
        for (var statement : old) if (statement != null) insert(statement);
    }

    /** Forgets the statement if it is still the one of its name. */
    void remove(ClientStatement statement) {
        if (statement == unnamed) unnamed = null;
        if (statement.isUnnamed()) return;
        int i = slot(hash(statement.name()));
        while (table[i] != statement) {
            if (table[i] == null) return;
            i = next(i);
        }
        table[i] = null;
        size--;
        closeGap(i);
    }

    /** Puts the entries behind a gap where they are found again. */
    private void closeGap(int gap) {
        for (int i = next(gap); table[i] != null; i = next(i)) {
            var moved = table[i];
            table[i] = null;
            if (moved != null) insert(moved);
        }
    }

    /** Forgets all but the unnamed statement, as DEALLOCATE ALL does. */
    void clear() {
        table = new ClientStatement[INITIAL];
        size = 0;
    }

    int size() {
        return size;
    }

    private int slot(int hash) {
        return (hash ^ hash >>> 16) & (table.length - 1);
    }

    private int next(int i) {
        return (i + 1) & (table.length - 1);
    }

    private static int hash(ByteBuf buffer, int from, int length) {
        int hash = 1;
        for (int i = from; i < from + length; i++) hash = 31 * hash + buffer.getByte(i);
        return hash;
    }

    private static int hash(byte[] name) {
        return Arrays.hashCode(name);
    }

    private static boolean matches(byte[] name, ByteBuf buffer, int from, int length) {
        if (name.length != length) return false;
        for (int i = 0; i < length; i++) if (name[i] != buffer.getByte(from + i)) return false;
        return true;
    }

    static byte[] bytes(ByteBuf buffer, int from, int to) {
        return ByteBufUtil.getBytes(buffer, from, to - from);
    }
}
