package org.pgdrover.routing;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.QueryClassifier;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// What the tests of routing share: a worker whose time the test turns, a catalog, and statements.
final class Catalogs {
    static final DatabaseCatalog SMALL = new DatabaseCatalog.Builder()
            .function("pg_catalog", "abs", FunctionFacts.STEADY)
            .function("pg_catalog", "nextval", new FunctionFacts(true, true, Residues.NONE, false, false, true))
            .function("pg_catalog", "set_config", new FunctionFacts(true, true, Residues.NONE))
            .function("public", "f", FunctionFacts.STEADY)
            .function("public", "locks", new FunctionFacts(false, true, Residues.of(Residue.LOCKS)))
            .function("public", "search", new FunctionFacts(true, true, Residues.of(Residue.SETTINGS)))
            .function("public", "sets_by_text", new FunctionFacts(true, true, Residues.ALL_AND_SETS))
            .relation("public", "view_sets", new RelationFacts(false, Residues.ALL_AND_SETS, Residues.NONE))
            .relation("public", "triggered_by_text", new RelationFacts(true, Residues.NONE, Residues.ALL_AND_SETS))
            .relation("pg_catalog", "pg_class", RelationFacts.PLAIN)
            .relation("public", "t", RelationFacts.PLAIN)
            .relation("public", "u", RelationFacts.PLAIN)
            .relation("public", "view_of_f", new RelationFacts(true, Residues.NONE, Residues.NONE, true, false, false))
            .relation("public", "unlogged", new RelationFacts(false, Residues.NONE, Residues.NONE))
            .relation("public", "triggered", new RelationFacts(true, Residues.NONE, Residues.of(Residue.SETTINGS)))
            .relation("public", "numbered", new RelationFacts(true, Residues.NONE, Residues.NONE, false, false, true))
            .build();

    private Catalogs() {}

    static QueryClass classify(String sql) {
        var bytes = sql.getBytes(StandardCharsets.UTF_8);
        return new QueryClassifier().classify(bytes, 0, bytes.length, true);
    }

    static List<QueryClass> batch(String sql) {
        return List.of(classify(sql));
    }

    /// A worker that runs what is due when the test lets time pass.
    static final class Worker extends java.util.concurrent.AbstractExecutorService implements ScheduledExecutorService {
        private final class Task extends java.util.concurrent.FutureTask<Void> implements ScheduledFuture<Void> {
            private final long due;

            Task(Runnable work, long due) {
                super(work, null);
                this.due = due;
            }

            @Override
            public long getDelay(TimeUnit unit) {
                return unit.convert(due - now, TimeUnit.NANOSECONDS);
            }

            @Override
            public int compareTo(Delayed other) {
                return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
            }
        }

        private final List<Task> tasks = new java.util.ArrayList<>();
        private long now = 1;

        long now() {
            return now;
        }

        /// What runs now takes so long.
        void takes(long time, TimeUnit unit) {
            now += unit.toNanos(time);
        }

        int waiting() {
            tasks.removeIf(java.util.concurrent.FutureTask::isDone);
            return tasks.size();
        }

        void passes(long time, TimeUnit unit) {
            long until = now + unit.toNanos(time);
            while (true) {
                tasks.removeIf(java.util.concurrent.FutureTask::isDone);
                var next = tasks.stream().min(java.util.Comparator.naturalOrder());
                if (next.isEmpty() || next.get().due > until) break;
                now = Math.max(now, next.get().due);
                next.get().run();
            }
            now = Math.max(now, until);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
            var task = new Task(work, now + unit.toNanos(delay));
            tasks.add(task);
            return task;
        }

        @Override
        public <V> ScheduledFuture<V> schedule(java.util.concurrent.Callable<V> work, long delay, TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ScheduledFuture<?> scheduleAtFixedRate(Runnable work, long first, long period, TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ScheduledFuture<?> scheduleWithFixedDelay(Runnable work, long first, long delay, TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void execute(Runnable work) {
            schedule(work, 0, TimeUnit.NANOSECONDS);
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
