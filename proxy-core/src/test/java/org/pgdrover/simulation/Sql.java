package org.pgdrover.simulation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement that the model understands.
sealed interface Sql {
    /// An expression of a select list or a value.
    sealed interface Expression {}

    record Text(String value) implements Expression {}

    record Number(String value) implements Expression {}

    record Flag(boolean value) implements Expression {}

    record Parameter(int number) implements Expression {}

    record Column(String name) implements Expression {}

    record Call(String function, List<Expression> arguments) implements Expression {}

    record Cast(Expression inner, String type) implements Expression {}

    record DividedByZero() implements Expression {}

    record CountAll() implements Expression {}

    record Item(Expression expression, @Nullable String alias) {}

    /// @param where what the first column must equal, or differ from with `<>`; null for all rows
    record Select(
            List<Item> items,
            @Nullable String table,
            @Nullable Expression series,
            @Nullable Expression where) implements Sql {}

    record Insert(String table, Expression key, Expression value, boolean upsert, boolean returning) implements Sql {}

    record Update(Expression key, Expression value, boolean returning) implements Sql {}

    record Delete(Expression key) implements Sql {}

    record Begin(@Nullable Boolean readOnly, String word) implements Sql {}

    record Commit() implements Sql {}

    record Rollback() implements Sql {}

    record Savepoint(String name) implements Sql {}

    record Release(String name) implements Sql {}

    record RollbackTo(String name) implements Sql {}

    /// @param value null for the default
    record Set(boolean local, String name, @Nullable String value) implements Sql {}

    record SetTransaction(boolean readOnly) implements Sql {}

    record Reset(String name) implements Sql {}

    record ResetAll() implements Sql {}

    record Show(String name) implements Sql {}

    record DiscardAll() implements Sql {}

    record DiscardSequences() implements Sql {}

    record Prepare(String name, Sql inner) implements Sql {}

    record Execute(String name) implements Sql {}

    /// @param name null for all
    record Deallocate(@Nullable String name) implements Sql {}

    record Declare(String name, boolean hold, Select query) implements Sql {}

    record Fetch(int count, String name) implements Sql {}

    /// @param name null for all
    record CloseCursor(@Nullable String name) implements Sql {}

    record Listen(String channel) implements Sql {}

    /// @param channel null for all
    record Unlisten(@Nullable String channel) implements Sql {}

    record Notify(String channel, String payload) implements Sql {}

    record CreateTemporary(String name, boolean dropAtCommit) implements Sql {}

    record Drop(String name) implements Sql {}

    /// What the proxy asks when it does not know what a session holds.
    record Inspect(List<String> parts) implements Sql {}

    record NewSeed() implements Sql {}

    record CopyIn() implements Sql {}

    record CopyOut(Select query) implements Sql {}

    /// A DO block that sets a parameter, or gives a notice.
    record Do(List<Set> sets, @Nullable String notice) implements Sql {}

    /// A DO block that raises an error.
    record Raise(String state, String message) implements Sql {}
}
