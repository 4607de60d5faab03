package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.simulation.SessionState.Snapshot;

/// Where a session is in its transactions, as PostgreSQL's own blocks are: none, implicit around a
/// string or a pipeline, explicit.
final class ModelTransaction {
    enum Block {
        NONE,
        IMPLICIT,
        EXPLICIT
    }

    private record Savepoint(String name, Snapshot state) {}

    private final ModelNode node;
    private final SessionState state;
    private final Set<Long> locks = new HashSet<>();
    private List<Savepoint> savepoints = new ArrayList<>();
    private @Nullable Snapshot beginning;
    private Block block = Block.NONE;
    private boolean failed;
    private boolean readOnly;
    private boolean queried;
    private int commands;
    /// Whether it is an implicit block that goes on behind a Query, until Sync: something came behind a
    /// command of the extended protocol.
    private boolean pipelined;

    ModelTransaction(ModelNode node, SessionState state) {
        this.node = node;
        this.state = state;
    }

    char status() {
        if (block == Block.IMPLICIT && pipelined) return 'T';
        if (block != Block.EXPLICIT) return 'I';
        return failed ? 'E' : 'T';
    }

    boolean isExplicit() {
        return block == Block.EXPLICIT;
    }

    boolean isImplicit() {
        return block == Block.IMPLICIT;
    }

    /// Whether a Query leaves it open although nobody has begun it.
    boolean isPipelined() {
        return pipelined;
    }

    boolean hasFailed() {
        return failed;
    }

    /// Whether this is not the only command of an implicit block.
    boolean isBlock(boolean several) {
        return block == Block.EXPLICIT || several || commands > 0;
    }

    void executed() {
        if (block != Block.NONE) commands++;
    }

    Set<Long> locks() {
        return locks;
    }

    /// A command begins: so does a transaction, if there is none.
    void start() {
        pipelined |= block == Block.IMPLICIT && commands > 0;
        if (block != Block.NONE) return;
        block = Block.IMPLICIT;
        beginning = state.snapshot();
    }

    void query() {
        queried = true;
    }

    void checkWritable(String what) {
        if (node.inRecovery() || readOnly)
            throw SqlError.of("25006", "cannot execute " + what + " in a read-only transaction");
    }

    void begin(@Nullable Boolean only) {
        block = Block.EXPLICIT;
        if (only != null) access(only);
    }

    void access(boolean only) {
        if (only) {
            readOnly = true;
            return;
        }
        if (node.inRecovery()) throw SqlError.of("0A000", "cannot set transaction read-write mode during recovery");
        if (readOnly && !savepoints.isEmpty())
            throw SqlError.of("25001", "cannot set transaction read-write mode inside a read-only transaction");
        if (readOnly && queried) throw SqlError.of("25001", "transaction read-write mode must be set before any query");
        readOnly = false;
    }

    void savepoint(String name) {
        if (block != Block.EXPLICIT) throw SqlError.of("25P01", "SAVEPOINT can only be used in transaction blocks");
        savepoints.add(new Savepoint(name, state.snapshot()));
    }

    void release(String name) {
        if (block != Block.EXPLICIT)
            throw SqlError.of("25P01", "RELEASE SAVEPOINT can only be used in transaction blocks");
        savepoints = new ArrayList<>(savepoints.subList(0, find(name)));
    }

    void rollbackTo(String name) {
        if (block != Block.EXPLICIT)
            throw SqlError.of("25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks");
        int at = find(name);
        state.restore(savepoints.get(at).state());
        savepoints = new ArrayList<>(savepoints.subList(0, at + 1));
        failed = false;
    }

    private int find(String name) {
        for (int i = savepoints.size() - 1; i >= 0; i--)
            if (savepoints.get(i).name().equals(name)) return i;
        throw SqlError.of("3B001", "savepoint \"" + name + "\" does not exist");
    }

    /// A command has failed.
    void fail() {
        if (block == Block.EXPLICIT) {
            if (failed) return;
            if (!savepoints.isEmpty()) state.restore(savepoints.getLast().state());
            else if (beginning != null) state.restore(beginning);
            failed = true;
        } else if (block == Block.IMPLICIT) rollback();
    }

    void rollback() {
        if (beginning != null) state.restore(beginning);
        over();
    }

    /// Makes everything permanent; the session delivers what it notifies.
    void commit() {
        if (!state.writes.isEmpty()) node.data().commit(state.writes, node.now());
        state.writes = new java.util.LinkedHashMap<>();
        state.locals = java.util.Map.of();
        for (var each : List.copyOf(state.temporaries.entrySet()))
            if (each.getValue().dropAtCommit())
                state.temporaries = SessionState.without(state.temporaries, each.getKey());
        over();
    }

    private void over() {
        block = Block.NONE;
        beginning = null;
        savepoints = new ArrayList<>();
        failed = false;
        readOnly = false;
        queried = false;
        commands = 0;
        pipelined = false;
        for (var lock : locks) node.locks().remove(lock);
        locks.clear();
    }
}
