package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.simulation.Outcome.Field;

/// Computes the rows of a query, with what its functions do on the way.
final class Evaluation {
    private final ModelSession session;
    private final SessionState state;
    private final List<@Nullable String> parameters;
    private @Nullable String mask;

    Evaluation(ModelSession session, List<@Nullable String> parameters) {
        this.session = session;
        this.state = session.state;
        this.parameters = parameters;
    }

    Outcome select(Sql.Select query, @Nullable List<Field> fields) {
        var columns = fields == null ? List.<Field>of() : fields;
        var table = query.table();
        if (table == null) return single(query, columns);
        if (query.series() != null) return series(query, columns);
        if (table.equals("v_effect") || table.equals("v_remote")) {
            var nonce = String.valueOf(value(query.where()));
            if (table.equals("v_remote")) session.node.data().ran(nonce);
            else {
                session.transaction.checkWritable("INSERT");
                state.writes.put("e-" + nonce, nonce);
            }
            return rows(columns, List.of(row("done")), "SELECT 1");
        }
        if (table.equals("kv")) return stored(query, columns);
        var rows =
                java.util.Objects.requireNonNull(state.temporaries.get(table)).rows();
        return rows(columns, List.of(row(String.valueOf(rows.size()))), "SELECT 1");
    }

    private Outcome rows(List<Field> fields, List<List<@Nullable String>> rows, String tag) {
        return Outcome.rows(fields, rows, tag, mask);
    }

    private static List<@Nullable String> row(@Nullable String value) {
        var row = new ArrayList<@Nullable String>();
        row.add(value);
        return row;
    }

    private Outcome single(Sql.Select query, List<Field> fields) {
        var row = new ArrayList<@Nullable String>();
        for (var item : query.items()) row.add(value(item.expression()));
        return rows(fields, List.of(row), "SELECT 1");
    }

    private Outcome series(Sql.Select query, List<Field> fields) {
        int rows = Integer.parseInt(String.valueOf(value(query.series())));
        return new Outcome(fields, rows, i -> row(String.valueOf(i + 1)), "SELECT " + rows, null);
    }

    private Outcome stored(Sql.Select query, List<Field> fields) {
        var key = String.valueOf(value(query.where()));
        if (Shared.isShared(key)) mask = key;
        var found = session.read(key);
        if (found == null) return rows(fields, List.of(), "SELECT 0");
        var row = new ArrayList<@Nullable String>();
        for (var item : query.items())
            row.add(item.expression() instanceof Sql.Column(var name) ? (name.equals("k") ? key : found) : "1");
        return rows(fields, List.of(row), "SELECT 1");
    }

    // Values

    @Nullable
    String value(Sql.@Nullable Expression expression) {
        return switch (expression) {
            case Sql.Text(var text) -> text;
            case Sql.Number(var text) -> text;
            case Sql.Flag(var flag) -> flag ? "t" : "f";
            case Sql.Parameter(int number) -> parameters.get(number - 1);
            case Sql.Cast(var inner, var _) -> value(inner);
            case Sql.Call call -> call(call);
            case Sql.DividedByZero _ -> throw SqlError.of("22012", "division by zero");
            case Sql.Column _, Sql.CountAll _ -> throw SqlError.unknown("column");
            case null -> null;
        };
    }

    private @Nullable String call(Sql.Call call) {
        if (Execution.isMasked(call.function())) mask = "*";
        var first = call.arguments().isEmpty() ? null : value(call.arguments().getFirst());
        return switch (call.function()) {
            case "set_config", "setter" -> setConfig(call, String.valueOf(first));
            case "current_setting" ->
                currentSetting(String.valueOf(first), call.arguments().size() > 1);
            case "date_part" -> value(call.arguments().get(1));
            case "pg_sleep" -> "";
            case "pg_advisory_lock" -> {
                lock(number(first));
                yield "";
            }
            case "pg_try_advisory_lock" -> {
                var holder = session.node.locks().get(number(first));
                if (holder != null && holder != session) yield "f";
                lock(number(first));
                yield "t";
            }
            case "pg_advisory_xact_lock" -> {
                if (session.node.locks().putIfAbsent(number(first), session) == null)
                    session.transaction.locks().add(number(first));
                yield "";
            }
            case "pg_advisory_unlock" -> unlock(number(first)) ? "t" : "f";
            case "pg_advisory_unlock_all" -> {
                for (var lock : session.locks.keySet()) session.node.locks().remove(lock);
                session.locks.clear();
                session.lockDepth.clear();
                yield "";
            }
            case "pg_backend_pid" -> String.valueOf(session.process);
            case "pg_terminate_backend" ->
                throw SqlError.fatal("57P01", "terminating connection due to administrator command");
            case "nextval" -> {
                session.transaction.checkWritable("nextval()");
                session.lastval = session.node.data().nextval();
                yield String.valueOf(session.lastval);
            }
            case "lastval" -> {
                if (session.lastval == 0) throw SqlError.of("55000", "lastval is not yet defined in this session");
                yield String.valueOf(session.lastval);
            }
            case "currval" -> {
                if (session.lastval == 0)
                    throw SqlError.of("55000", "currval of sequence \"seq\" is not yet defined in this session");
                yield String.valueOf(session.lastval);
            }
            case "effect" -> {
                session.transaction.checkWritable("INSERT");
                state.writes.put("e-" + first, first);
                yield first;
            }
            case "remote" -> {
                session.node.data().ran(String.valueOf(first));
                yield first;
            }
            case "fail" -> throw SqlError.of("P0001", String.valueOf(first));
            default -> throw SqlError.unknown(call.function());
        };
    }

    private static long number(@Nullable String text) {
        return Long.parseLong(String.valueOf(text));
    }

    private String setConfig(Sql.Call call, String name) {
        var value = String.valueOf(value(call.arguments().get(1)));
        boolean local =
                call.arguments().size() > 2 && "t".equals(value(call.arguments().get(2)));
        state.set(local, name.toLowerCase(java.util.Locale.ROOT), value);
        return value;
    }

    private @Nullable String currentSetting(String name, boolean missingIsNull) {
        try {
            return state.value(name.toLowerCase(java.util.Locale.ROOT));
        } catch (SqlError missing) {
            if (missingIsNull) return null;
            throw missing;
        }
    }

    private void lock(long key) {
        session.node.locks().put(key, session);
        session.locks.put(key, session.owner);
        session.lockDepth.merge(key, 1, Integer::sum);
    }

    private boolean unlock(long key) {
        if (!session.locks.containsKey(key)) {
            session.notice("WARNING", "01000", "you don't own a lock of type ExclusiveLock");
            return false;
        }
        if (session.lockDepth.merge(key, -1, Integer::sum) > 0) return true;
        session.lockDepth.remove(key);
        session.locks.remove(key);
        session.node.locks().remove(key);
        return true;
    }
}
