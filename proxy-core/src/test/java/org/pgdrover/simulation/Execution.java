package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.simulation.ModelSession.Portal;
import org.pgdrover.simulation.ModelSession.Prepared;
import org.pgdrover.simulation.Outcome.Field;

/// Carries out the statements of one model session.
final class Execution {
    /// Functions by name, with the type of what they return.
    private static final Map<String, Integer> FUNCTIONS = Map.ofEntries(
            Map.entry("set_config", 25),
            Map.entry("current_setting", 25),
            Map.entry("pg_sleep", 2278),
            Map.entry("pg_advisory_lock", 2278),
            Map.entry("pg_advisory_xact_lock", 2278),
            Map.entry("pg_try_advisory_lock", 16),
            Map.entry("pg_advisory_unlock", 16),
            Map.entry("pg_advisory_unlock_all", 2278),
            Map.entry("pg_backend_pid", 23),
            Map.entry("pg_terminate_backend", 16),
            Map.entry("nextval", 20),
            Map.entry("currval", 20),
            Map.entry("lastval", 20),
            Map.entry("date_part", 701),
            Map.entry("effect", 25),
            Map.entry("remote", 25),
            Map.entry("setter", 25),
            Map.entry("fail", 25));
    private static final Field NEW_SEED = new Field("setseed", 2278, 4, 0);
    /// Functions of which nobody but the session itself can foretell what they return.
    private static final Set<String> MASKED = Set.of("nextval", "currval", "lastval", "pg_backend_pid");

    private static final Map<String, Integer> ZONES = Map.of("UTC", 0, "America/New_York", -5, "Asia/Tokyo", 9);
    /// 2024-01-01 00:00 in UTC.
    private static final long NEW_YEAR = 1_704_067_200;

    private final ModelSession session;
    private final SessionState state;
    private final ModelTransaction transaction;

    Execution(ModelSession session) {
        this.session = session;
        this.state = session.state;
        this.transaction = session.transaction;
    }

    // Before it runs

    static SqlError aborted() {
        return SqlError.of("25P02", "current transaction is aborted, commands ignored until end of transaction block");
    }

    void checkAborted(@Nullable Sql sql) {
        if (!transaction.hasFailed() || sql == null) return;
        switch (sql) {
            case Sql.Commit _, Sql.Rollback _, Sql.RollbackTo _ -> {}
            default -> throw aborted();
        }
    }

    /// The errors that PostgreSQL finds before it runs anything.
    void analyze(Sql sql) {
        switch (sql) {
            case Sql.Select select -> analyze(select);
            case Sql.Insert insert -> {
                if (!insert.table().equals("kv")) temporary(insert.table());
            }
            case Sql.Prepare prepare -> analyze(prepare.inner());
            case Sql.Show show -> state.value(show.name());
            case Sql.Declare declare -> analyze(declare.query());
            case Sql.CopyOut copy -> analyze(copy.query());
            default -> {}
        }
    }

    private void analyze(Sql.Select select) {
        var table = select.table();
        if (table != null
                && !Set.of("kv", "v_effect", "v_remote", "generate_series").contains(table)) temporary(table);
        for (var item : select.items()) type(item.expression());
    }

    private SessionState.Temporary temporary(String name) {
        var found = state.temporaries.get(name);
        if (found == null) throw SqlError.of("42P01", "relation \"" + name + "\" does not exist");
        return found;
    }

    Prepared prepare(String text, @Nullable Sql sql, boolean byStatement) {
        return new Prepared(text, fold(sql, state), state.value("search_path"), byStatement, session.owner);
    }

    /// A changed search_path makes PostgreSQL analyze a statement anew, its literals included.
    Prepared revalidate(String name, Prepared old) {
        if (old.searchPath().equals(state.value("search_path")) || old.byStatement()) return old;
        var again = prepare(old.text(), SqlParser.single(old.text()), false);
        session.prepared.put(name, again);
        session.analysedAgain = true;
        return again;
    }

    /// Literals become values by the settings that hold now.
    static @Nullable Sql fold(@Nullable Sql sql, SessionState state) {
        if (!(sql instanceof Sql.Select select) || select.items().size() != 1) return sql;
        var item = select.items().getFirst();
        if (!(item.expression() instanceof Sql.Call(var name, var arguments)) || !name.equals("date_part")) return sql;
        if (!(arguments.get(1) instanceof Sql.Cast(Sql.Text literal, var type))) return sql;
        int hours = Integer.parseInt(literal.value().substring(11, 13));
        long seconds = NEW_YEAR + 3_600L * (hours - ZONES.getOrDefault(state.value("timezone"), 0));
        var folded = new Sql.Call(name, List.of(arguments.get(0), new Sql.Text(String.valueOf(seconds))));
        return new Sql.Select(List.of(new Sql.Item(folded, item.alias())), null, null, null);
    }

    /// What planning finds: constants that cannot be computed.
    void plan(@Nullable Sql sql) {
        if (!(sql instanceof Sql.Select select)) return;
        for (var item : select.items())
            if (item.expression() instanceof Sql.DividedByZero) throw SqlError.of("22012", "division by zero");
    }

    static int parameters(@Nullable Sql sql) {
        return switch (sql) {
            case Sql.Select select -> {
                int most = highest(select.where());
                for (var item : select.items()) most = Math.max(most, highest(item.expression()));
                yield most;
            }
            case Sql.Insert insert -> Math.max(highest(insert.key()), highest(insert.value()));
            case Sql.Update update -> Math.max(highest(update.key()), highest(update.value()));
            case Sql.Delete delete -> highest(delete.key());
            case null, default -> 0;
        };
    }

    private static int highest(Sql.@Nullable Expression expression) {
        return switch (expression) {
            case Sql.Parameter(int number) -> number;
            case Sql.Cast(var inner, var _) -> highest(inner);
            case Sql.Call(var _, var arguments) ->
                arguments.stream().mapToInt(Execution::highest).max().orElse(0);
            case null, default -> 0;
        };
    }

    static long sleeps(Sql sql) {
        if (!(sql instanceof Sql.Select select)) return 0;
        if (!(select.items().getFirst().expression() instanceof Sql.Call(var name, var arguments))) return 0;
        if (!name.equals("pg_sleep") || !(arguments.getFirst() instanceof Sql.Number(var seconds))) return 0;
        return (long) (Double.parseDouble(seconds) * 1e9);
    }

    boolean waitsForLock(Sql sql) {
        if (!(sql instanceof Sql.Select select)) return false;
        if (!(select.items().getFirst().expression() instanceof Sql.Call(var name, var arguments))) return false;
        if (!name.equals("pg_advisory_lock") && !name.equals("pg_advisory_xact_lock")) return false;
        var holder = session.node.locks().get(Long.parseLong(((Sql.Number) arguments.getFirst()).value()));
        return holder != null && holder != session;
    }

    // What its answer looks like

    @Nullable
    List<Field> fields(@Nullable Sql sql) {
        return switch (sql) {
            case Sql.Select select -> {
                var fields = new ArrayList<Field>();
                for (var item : select.items()) fields.add(field(select, item));
                yield fields;
            }
            case Sql.Insert insert when insert.returning() -> List.of(new Field("v", 25, -1, 2));
            case Sql.Update update when update.returning() -> List.of(new Field("v", 25, -1, 2));
            case Sql.Inspect _ -> Inspection.FIELDS;
            case Sql.NewSeed _ -> List.of(NEW_SEED);
            case Sql.Show show -> List.of(Field.text(SessionState.spelling(show.name())));
            case Sql.Execute execute -> {
                var prepared = session.prepared.get(execute.name());
                yield prepared == null || prepared.sql() instanceof Sql.Execute ? null : fields(prepared.sql());
            }
            case Sql.Fetch fetch -> {
                var cursor = session.portals.get(fetch.name());
                yield cursor == null ? null : fields(cursor.sql);
            }
            case null, default -> null;
        };
    }

    private static Field field(Sql.Select select, Sql.Item item) {
        var expression = item.expression();
        int type = type(expression);
        var name = item.alias() != null ? item.alias() : name(expression, "?column?");
        boolean stored = "kv".equals(select.table()) && expression instanceof Sql.Column;
        if (select.series() != null && expression instanceof Sql.Column) type = 23;
        int length = switch (type) {
            case 16 -> 1;
            case 23, 2278 -> 4;
            case 20, 701 -> 8;
            default -> -1;
        };
        return new Field(name, type, length, stored ? (name.equals("k") ? 1 : 2) : 0);
    }

    private static String name(Sql.Expression expression, String otherwise) {
        return switch (expression) {
            case Sql.Column(var name) -> name;
            case Sql.Call(var name, var _) -> name;
            case Sql.CountAll _ -> "count";
            case Sql.Cast(var inner, var type) -> name(inner, type.equals("int") ? "int4" : type);
            case Sql.Flag _ -> "bool";
            default -> otherwise;
        };
    }

    private static int type(Sql.Expression expression) {
        return switch (expression) {
            case Sql.Number _, Sql.DividedByZero _ -> 23;
            case Sql.Flag _ -> 16;
            case Sql.CountAll _ -> 20;
            case Sql.Cast(var _, var type) -> type.equals("int") ? 23 : 25;
            case Sql.Call(var name, var _) -> {
                var type = FUNCTIONS.get(name);
                if (type == null) throw SqlError.of("42883", "function " + name + "() does not exist");
                yield type;
            }
            default -> 25;
        };
    }

    // Running

    Outcome run(@Nullable Sql sql, List<@Nullable String> parameters) {
        if (takesSnapshot(sql)) transaction.query();
        return switch (sql) {
            case Sql.Select select -> {
                plan(select);
                yield new Evaluation(session, parameters).select(select, fields(select));
            }
            case Sql.Insert insert -> insert(insert, parameters);
            case Sql.Update update -> update(update, parameters);
            case Sql.Delete delete -> {
                transaction.checkWritable("DELETE");
                var key = new Evaluation(session, parameters).value(delete.key());
                boolean there = session.read(key) != null;
                if (there) state.writes.put(key, null);
                yield Outcome.command("DELETE " + (there ? 1 : 0));
            }
            case Sql.Begin begin -> begin(begin);
            case Sql.Commit _ -> end(true);
            case Sql.Rollback _ -> end(false);
            case Sql.Savepoint savepoint -> {
                transaction.savepoint(savepoint.name());
                yield Outcome.command("SAVEPOINT");
            }
            case Sql.Release release -> {
                transaction.release(release.name());
                yield Outcome.command("RELEASE");
            }
            case Sql.RollbackTo rollback -> {
                transaction.rollbackTo(rollback.name());
                yield Outcome.command("ROLLBACK");
            }
            case Sql.SetTransaction set -> {
                if (!transaction.isBlock(session.several))
                    session.notice("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks");
                transaction.access(set.readOnly());
                yield Outcome.command("SET");
            }
            case Sql.Set set -> {
                if (set.local() && !transaction.isBlock(session.several))
                    session.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks");
                state.set(set.local(), set.name(), set.value());
                yield Outcome.command("SET");
            }
            case Sql.Reset reset -> {
                state.reset(reset.name());
                yield Outcome.command("RESET");
            }
            case Sql.ResetAll _ -> {
                state.resetAll();
                yield Outcome.command("RESET");
            }
            case Sql.Show show -> {
                var value = state.value(show.name());
                yield Outcome.rows(
                        List.of(Field.text(SessionState.spelling(show.name()))), List.of(List.of(value)), "SHOW", null);
            }
            case Sql.DiscardAll _ -> discardAll();
            case Sql.DiscardSequences _ -> {
                session.lastval = 0;
                yield Outcome.command("DISCARD SEQUENCES");
            }
            case Sql.Prepare prepare -> {
                if (session.prepared.containsKey(prepare.name()))
                    throw SqlError.of("42P05", "prepared statement \"" + prepare.name() + "\" already exists");
                session.prepared.put(prepare.name(), prepare("", prepare.inner(), true));
                yield Outcome.command("PREPARE");
            }
            case Sql.Execute execute -> {
                session.executes++;
                var found = session.find(execute.name()).sql();
                if (found instanceof Sql.Execute) throw SqlError.of("54001", "stack depth limit exceeded");
                if (parameters(found) > 0)
                    throw SqlError.of(
                            "42601", "wrong number of parameters for prepared statement \"" + execute.name() + "\"");
                yield run(found, List.of());
            }
            case Sql.Deallocate deallocate -> {
                if (deallocate.name() == null) session.prepared.keySet().removeIf(name -> !name.isEmpty());
                else {
                    session.find(deallocate.name());
                    session.prepared.remove(deallocate.name());
                }
                yield Outcome.command(deallocate.name() == null ? "DEALLOCATE ALL" : "DEALLOCATE");
            }
            case Sql.Declare declare -> declare(declare);
            case Sql.Fetch fetch -> fetch(fetch);
            case Sql.CloseCursor close -> {
                if (close.name() == null) session.portals.clear();
                else if (session.portals.remove(close.name()) == null)
                    throw SqlError.of("34000", "cursor \"" + close.name() + "\" does not exist");
                yield Outcome.command(close.name() == null ? "CLOSE CURSOR ALL" : "CLOSE CURSOR");
            }
            case Sql.Listen listen -> {
                if (session.node.inRecovery()) throw SqlError.of("25006", "cannot execute LISTEN during recovery");
                state.listens = SessionState.with(state.listens, listen.channel(), String.valueOf(session.owner));
                yield Outcome.command("LISTEN");
            }
            case Sql.Unlisten unlisten -> {
                state.listens =
                        unlisten.channel() == null ? Map.of() : SessionState.without(state.listens, unlisten.channel());
                yield Outcome.command("UNLISTEN");
            }
            case Sql.Notify notify -> {
                if (session.node.inRecovery()) throw SqlError.of("25006", "cannot execute NOTIFY during recovery");
                var notification = new SessionState.Notification(notify.channel(), notify.payload(), session.process);
                if (!state.notifies.contains(notification))
                    state.notifies = SessionState.plus(state.notifies, notification);
                yield Outcome.command("NOTIFY");
            }
            case Sql.CreateTemporary create -> {
                transaction.checkWritable("CREATE TABLE");
                if (state.temporaries.containsKey(create.name()))
                    throw SqlError.of("42P07", "relation \"" + create.name() + "\" already exists");
                state.temporaries = SessionState.with(
                        state.temporaries,
                        create.name(),
                        new SessionState.Temporary(List.of(), create.dropAtCommit(), String.valueOf(session.owner)));
                yield Outcome.command("CREATE TABLE");
            }
            case Sql.Drop drop -> {
                transaction.checkWritable("DROP TABLE");
                if (!state.temporaries.containsKey(drop.name()))
                    throw SqlError.of("42P01", "table \"" + drop.name() + "\" does not exist");
                state.temporaries = SessionState.without(state.temporaries, drop.name());
                yield Outcome.command("DROP TABLE");
            }
            case Sql.Inspect asked -> Inspection.run(session, asked);
            case Sql.NewSeed _ -> Outcome.rows(List.of(NEW_SEED), List.of(List.of("")), "SELECT 1", null);
            case Sql.CopyIn _ -> {
                transaction.checkWritable("COPY FROM");
                yield Outcome.command("");
            }
            case Sql.CopyOut copy -> {
                plan(copy.query());
                var rows = new Evaluation(session, List.of()).select(copy.query(), fields(copy.query()));
                yield new Outcome(rows.fields(), rows.rows(), rows.row(), "COPY " + rows.rows(), null);
            }
            case Sql.Do(var sets, var notice) -> {
                if (notice != null) session.notice("NOTICE", "00000", notice);
                for (var set : sets) state.set(false, set.name(), set.value());
                yield Outcome.command("DO");
            }
            case Sql.Raise(var state, var message) -> throw SqlError.of(state, message);
            case null -> throw SqlError.unknown("nothing");
        };
    }

    private static boolean takesSnapshot(@Nullable Sql sql) {
        return switch (sql) {
            case Sql.Begin _, Sql.Commit _, Sql.Rollback _, Sql.Savepoint _, Sql.Release _, Sql.RollbackTo _ -> false;
            case Sql.SetTransaction _, Sql.Set _, Sql.Reset _, Sql.ResetAll _, Sql.Show _ -> false;
            case Sql.Fetch _, Sql.Listen _, Sql.Notify _, Sql.Unlisten _ -> false;
            // PostgreSQL takes one: the proxy answers the command itself, which is a limit.
            case Sql.Deallocate _ -> false;
            case null -> false;
            default -> true;
        };
    }

    private Outcome insert(Sql.Insert insert, List<@Nullable String> parameters) {
        var evaluation = new Evaluation(session, parameters);
        var value = evaluation.value(insert.value());
        if (!insert.table().equals("kv")) {
            var old = temporary(insert.table());
            state.temporaries = SessionState.with(
                    state.temporaries,
                    insert.table(),
                    new SessionState.Temporary(
                            SessionState.plus(old.rows(), String.valueOf(value)), old.dropAtCommit(), old.owner()));
            return Outcome.command("INSERT 0 1");
        }
        transaction.checkWritable("INSERT");
        var key = evaluation.value(insert.key());
        if (!insert.upsert() && session.read(key) != null)
            throw SqlError.of("23505", "duplicate key value violates unique constraint \"kv_pkey\"");
        state.writes.put(String.valueOf(key), value);
        return changed("INSERT 0 1", insert.returning(), value);
    }

    private Outcome update(Sql.Update update, List<@Nullable String> parameters) {
        transaction.checkWritable("UPDATE");
        var evaluation = new Evaluation(session, parameters);
        var key = evaluation.value(update.key());
        var value = evaluation.value(update.value());
        if (session.read(key) == null) {
            if (!update.returning()) return Outcome.command("UPDATE 0");
            return Outcome.rows(List.of(new Field("v", 25, -1, 2)), List.of(), "UPDATE 0", null);
        }
        state.writes.put(String.valueOf(key), value);
        return changed("UPDATE 1", update.returning(), value);
    }

    private static Outcome changed(String tag, boolean returning, @Nullable String value) {
        if (!returning) return Outcome.command(tag);
        var row = new ArrayList<@Nullable String>();
        row.add(value);
        return Outcome.rows(List.of(new Field("v", 25, -1, 2)), List.of(row), tag, null);
    }

    private Outcome begin(Sql.Begin begin) {
        if (transaction.isExplicit()) session.notice("WARNING", "25001", "there is already a transaction in progress");
        transaction.begin(begin.readOnly());
        return Outcome.command(begin.word());
    }

    private Outcome end(boolean commit) {
        if (!transaction.isExplicit()) session.notice("WARNING", "25P01", "there is no transaction in progress");
        boolean failed = transaction.hasFailed();
        if (commit && !failed) session.commit();
        else session.rollback();
        return Outcome.command(commit && !failed ? "COMMIT" : "ROLLBACK");
    }

    private Outcome discardAll() {
        if (transaction.isBlock(session.several))
            throw SqlError.of("25001", "DISCARD ALL cannot run inside a transaction block");
        session.portals.clear();
        session.prepared.keySet().removeIf(name -> !name.isEmpty());
        state.resetAll();
        state.temporaries = Map.of();
        state.listens = Map.of();
        for (var lock : session.locks.keySet()) session.node.locks().remove(lock);
        session.locks.clear();
        session.lockDepth.clear();
        session.lastval = 0;
        return Outcome.command("DISCARD ALL");
    }

    private Outcome declare(Sql.Declare declare) {
        if (!declare.hold() && !transaction.isBlock(session.several))
            throw SqlError.of("25P01", "DECLARE CURSOR can only be used in transaction blocks");
        if (session.portals.containsKey(declare.name()))
            throw SqlError.of("42P03", "cursor \"" + declare.name() + "\" already exists");
        plan(declare.query());
        var portal = new Portal(declare.query(), List.of(), true);
        portal.hold = declare.hold();
        portal.owner = session.owner;
        portal.outcome = new Evaluation(session, List.of()).select(declare.query(), fields(declare.query()));
        session.portals.put(declare.name(), portal);
        return Outcome.command("DECLARE CURSOR");
    }

    private Outcome fetch(Sql.Fetch fetch) {
        var portal = session.portals.get(fetch.name());
        if (portal == null || portal.outcome == null)
            throw SqlError.of("34000", "cursor \"" + fetch.name() + "\" does not exist");
        var all = portal.outcome;
        int from = portal.position;
        int count = Math.min(fetch.count(), all.rows() - from);
        portal.position += count;
        return new Outcome(all.fields(), count, i -> all.row().apply(from + i), "FETCH " + count, all.mask());
    }

    /// The rows that a client has copied.
    Outcome copy(String text) {
        int count = 0;
        for (var line : text.split("\n")) {
            if (line.isEmpty()) continue;
            var fields = line.split("\t");
            if (fields.length != 2) throw SqlError.of("22P04", "missing data for column \"v\"");
            if (session.read(fields[0]) != null)
                throw SqlError.of("23505", "duplicate key value violates unique constraint \"kv_pkey\"");
            state.writes.put(fields[0], fields[1]);
            count++;
        }
        return Outcome.command("COPY " + count);
    }

    static boolean isMasked(String function) {
        return MASKED.contains(function);
    }
}
