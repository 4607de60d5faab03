package org.pgdrover.frontend.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The prepared statements of one client by the client's names, as answers have told of them.
///
/// A Parse or a Close is a plan until it is answered: while one is pending, its name means nothing
/// certain. The hash table is asked with bytes of a message, without copying them.
public final class ClientStatements {
    private static final int INITIAL = 8;

    private @Nullable ClientStatement[] table = new ClientStatement[INITIAL];
    private int size;
    private @Nullable ClientStatement unnamed;
    private boolean unnamedLost;
    private int unkept;
    /// Those that were parsed with settings which nobody will ever know.
    private int unsettled;
    private long added;

    /// Names with a Parse or Close that is not answered yet, and how many; null while there has been
    /// none.
    private @Nullable Map<ByteBuf, Integer> pending;
    /// How much is not answered yet that makes or ends the unnamed statement.
    private int pendingUnnamed;

    public @Nullable ClientStatement unnamed() {
        return unnamed;
    }

    /// The unnamed statement has gone with the server that alone could make it.
    public void loseUnnamed() {
        unnamed(null);
        unnamedLost = true;
    }

    /// Whether there was an unnamed statement that has gone with its server.
    public boolean isUnnamedLost() {
        return unnamedLost;
    }

    public void unnamed(@Nullable ClientStatement statement) {
        unnamedLost = false;
        if (unnamed != null) unnamed.there(false);
        if (unnamed != null && !unnamed.isKept()) unkept--;
        unnamed = statement;
        if (statement != null) statement.there(true);
        if (statement != null && !statement.isKept()) unkept++;
    }

    /// Whether one of them exists on one server only, for it was too large to keep.
    public boolean hasUnkept() {
        return unkept > 0;
    }

    /// Whether one of those with a name was parsed with settings which nobody will ever know.
    public boolean hasUnsettled() {
        return unsettled > 0;
    }

    /// A statement was parsed with settings which nobody will ever know: it stays where it is.
    void unsettled(ClientStatement statement) {
        if (statement.isUnnamed() || find(statement.name()) != statement) return;
        statement.unsettled();
        unsettled++;
    }

    // Pending

    /// A Parse or Close of this statement's name is on its way.
    public void planned(byte[] name) {
        if (name.length == 0) {
            pendingUnnamed++;
            return;
        }
        var names = pending;
        if (names == null) pending = names = new HashMap<>();
        names.merge(Unpooled.wrappedBuffer(name), 1, Integer::sum);
    }

    /// It has been answered, or will not be.
    public void settled(byte[] name) {
        if (name.length == 0) pendingUnnamed--;
        else if (pending != null)
            pending.computeIfPresent(Unpooled.wrappedBuffer(name), (_, count) -> count == 1 ? null : count - 1);
    }

    /// Whether the name that stands in the buffer may mean something else once what is on its way has
    /// been answered.
    public boolean isPending(ByteBuf buffer, int from, int length) {
        if (length == 0) return pendingUnnamed > 0;
        return pending != null && !pending.isEmpty() && pending.containsKey(buffer.slice(from, length));
    }

    /// Whether any name may mean something else once what is on its way has been answered.
    public boolean isAnyNamePending() {
        return pending != null && !pending.isEmpty();
    }

    /// The statement whose name stands in the buffer; the empty name is the unnamed statement.
    public @Nullable ClientStatement find(ByteBuf buffer, int from, int length) {
        if (length == 0) return unnamed;
        for (int i = slot(hash(buffer, from, length)); ; i = next(i)) {
            var statement = table[i];
            if (statement == null) return null;
            if (matches(statement.name(), buffer, from, length)) return statement;
        }
    }

    public @Nullable ClientStatement find(byte[] name) {
        for (int i = slot(hash(name)); ; i = next(i)) {
            var statement = table[i];
            if (statement == null || Arrays.equals(statement.name(), name)) return statement;
        }
    }

    /// The statement is there now: its Parse was answered.
    public void add(ClientStatement statement) {
        if (statement.isUnnamed()) {
            unnamed(statement);
            return;
        }
        statement.number(++added);
        statement.there(true);
        if (find(statement.name()) instanceof ClientStatement old) remove(old);
        if (!statement.isKept()) unkept++;
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

    /// Forgets the statement if it is still the one of its name.
    public void remove(ClientStatement statement) {
        if (statement == unnamed) unnamed(null);
        if (statement.isUnnamed()) return;
        int i = slot(hash(statement.name()));
        while (table[i] != statement) {
            if (table[i] == null) return;
            i = next(i);
        }
        table[i] = null;
        size--;
        statement.there(false);
        if (!statement.isKept()) unkept--;
        if (statement.isUnsettled()) unsettled--;
        closeGap(i);
    }

    /// Puts the entries behind a gap where they are found again.
    private void closeGap(int gap) {
        for (int i = next(gap); table[i] != null; i = next(i)) {
            var moved = table[i];
            table[i] = null;
            if (moved != null) insert(moved);
        }
    }

    /// Forgets all but the unnamed statement, as DEALLOCATE ALL does.
    public void clear() {
        for (var statement : table) if (statement != null) statement.there(false);
        table = new ClientStatement[INITIAL];
        size = 0;
        unsettled = 0;
        unkept = unnamed != null && !unnamed.isKept() ? 1 : 0;
    }

    public int size() {
        return size;
    }

    /// Those that have a name, in the order in which they were prepared.
    public List<ClientStatement> named() {
        var all = new ArrayList<ClientStatement>(size);
        for (var statement : table) if (statement != null) all.add(statement);
        all.sort(Comparator.comparingLong(ClientStatement::number));
        return all;
    }

    /// The present ones were parsed when the session had this value of a parameter, which servers do not have any
    /// more.
    public void parsedBefore(String parameter, String value) {
        for (var statement : table) if (statement != null) statement.parsedBefore(parameter, value);
        if (unnamed != null) unnamed.parsedBefore(parameter, value);
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

    public static byte[] bytes(ByteBuf buffer, int from, int to) {
        return ByteBufUtil.getBytes(buffer, from, to - from);
    }
}
