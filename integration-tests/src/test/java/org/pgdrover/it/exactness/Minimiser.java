package org.pgdrover.it.exactness;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.it.exactness.Scenario.Actor;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Leaves out of failed scenarios whatever is not needed for the same difference.
final class Minimiser {
    private static final int ATTEMPTS = 3;
    private static final int PATIENCE = 1_000;

    private final Playground playground;
    private final LongSupplier nanoTime;
    private final long patience;
    private long deadline;

    /// What is left, and the difference it makes; if it was not seen again, all of it.
    record Minimal(List<Scenario> scenarios, Difference difference, boolean reproduced) {}

    Minimiser(Playground playground, LongSupplier nanoTime, long patience) {
        this.playground = playground;
        this.nanoTime = nanoTime;
        this.patience = patience;
    }

    /// @param past the last scenarios on the pool, the failed one at their end
    Minimal minimise(List<Scenario> past, Difference difference) throws IOException {
        deadline = nanoTime.getAsLong() + patience;
        for (int length = 1; ; length = Math.min(past.size(), length * 3)) {
            var tail = past.subList(past.size() - length, past.size());
            if (seenAgain(tail, difference)) return smaller(new ArrayList<>(tail), difference);
            if (length == past.size()) return new Minimal(List.of(past.getLast()), difference, false);
        }
    }

    private boolean seenAgain(List<Scenario> scenarios, Difference difference) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) if (play(scenarios, difference) != null) return true;
        return false;
    }

    private Minimal smaller(List<Scenario> scenarios, Difference difference) throws IOException {
        for (int before = Integer.MAX_VALUE, now = weight(scenarios);
                now < before && !isLate();
                now = weight(scenarios)) {
            before = now;
            for (int i = scenarios.size() - 2; i >= 0; i--) tryWithout(scenarios, i, difference);
            for (int i = 0; i < scenarios.size(); i++) fewerTurns(scenarios, i, difference);
            for (int i = 0; i < scenarios.size(); i++) fewerMessages(scenarios, i, difference);
            for (int i = 0; i < scenarios.size(); i++) plainer(scenarios, i, difference);
        }
        var last = play(scenarios, difference);
        return new Minimal(scenarios, Objects.requireNonNullElse(last, difference), true);
    }

    private static int weight(List<Scenario> scenarios) {
        return scenarios.stream()
                .mapToInt(each ->
                        10 + each.shown().stream().mapToInt(String::length).sum())
                .sum();
    }

    private boolean isLate() {
        return nanoTime.getAsLong() > deadline;
    }

    private void tryWithout(List<Scenario> scenarios, int index, Difference difference) throws IOException {
        var fewer = new ArrayList<>(scenarios);
        fewer.remove(index);
        if (isLate() || play(fewer, difference) == null) return;
        scenarios.remove(index);
    }

    private boolean tryInstead(List<Scenario> scenarios, int index, Scenario other, Difference difference)
            throws IOException {
        if (isLate()) return false;
        var changed = new ArrayList<>(scenarios);
        changed.set(index, other);
        if (play(changed, difference) == null) return false;
        scenarios.set(index, other);
        return true;
    }

    private void fewerTurns(List<Scenario> scenarios, int index, Difference difference) throws IOException {
        for (int size = Math.max(1, scenarios.get(index).turns().size() / 2); size > 0; size /= 2) {
            for (int from = scenarios.get(index).turns().size() - size; from >= 0; from -= size) {
                if (from + size > scenarios.get(index).turns().size()) continue;
                var fewer = new ArrayList<>(scenarios.get(index).turns());
                fewer.subList(from, from + size).clear();
                tryInstead(scenarios, index, scenarios.get(index).with(fewer), difference);
            }
        }
    }

    private void fewerMessages(List<Scenario> scenarios, int index, Difference difference) throws IOException {
        for (int turn = scenarios.get(index).turns().size() - 1; turn >= 0; turn--) {
            for (int i = step(scenarios, index, turn).messages().size() - 1; i >= 0; i--) {
                if (step(scenarios, index, turn).messages().size() < 2) break;
                var fewer = new ArrayList<>(step(scenarios, index, turn).messages());
                fewer.remove(i);
                replace(scenarios, index, turn, step(scenarios, index, turn).with(fewer), difference);
            }
            shorterStrings(scenarios, index, turn, difference);
        }
    }

    private void shorterStrings(List<Scenario> scenarios, int index, int turn, Difference difference)
            throws IOException {
        for (int i = 0; i < step(scenarios, index, turn).messages().size(); i++) {
            var message = step(scenarios, index, turn).messages().get(i);
            if (message.type() != 'Q' || message.shown().contains("…")) continue;
            var parts =
                    message.shown().substring(7, message.shown().length() - 1).split("; ");
            for (int part = 0; part < parts.length && parts.length > 1; part++) {
                var fewer = new ArrayList<>(List.of(parts));
                fewer.remove(part);
                var messages = new ArrayList<>(step(scenarios, index, turn).messages());
                messages.set(i, Sent.query(String.join("; ", fewer)));
                if (replace(scenarios, index, turn, step(scenarios, index, turn).with(messages), difference)) break;
            }
        }
    }

    private void plainer(List<Scenario> scenarios, int index, Difference difference) throws IOException {
        for (int turn = 0; turn < scenarios.get(index).turns().size(); turn++) {
            var step = step(scenarios, index, turn);
            if (step.cuts() != 0)
                replace(scenarios, index, turn, new Step(step.messages(), step.until(), 0), difference);
            step = step(scenarios, index, turn);
            if (step.until() == Step.Until.NOTHING)
                replace(scenarios, index, turn, new Step(step.messages(), Step.Until.READY, step.cuts()), difference);
        }
        for (int actor = 0; actor < scenarios.get(index).actors().size(); actor++) {
            var now = scenarios.get(index).actors().get(actor);
            for (var name : List.copyOf(now.startup().keySet())) {
                if (name.equals("search_path")) continue;
                var fewer = new LinkedHashMap<>(
                        scenarios.get(index).actors().get(actor).startup());
                fewer.remove(name);
                changeActor(scenarios, index, actor, fewer, now.ending(), difference);
            }
            changeActor(
                    scenarios,
                    index,
                    actor,
                    scenarios.get(index).actors().get(actor).startup(),
                    Ending.TERMINATE,
                    difference);
        }
    }

    private void changeActor(
            List<Scenario> scenarios,
            int index,
            int actor,
            Map<String, String> startup,
            Ending ending,
            Difference difference)
            throws IOException {
        var others = new ArrayList<>(scenarios.get(index).actors());
        var changed = new Actor(startup, ending);
        if (others.set(actor, changed).equals(changed)) return;
        tryInstead(scenarios, index, scenarios.get(index).withActors(others), difference);
    }

    private static Step step(List<Scenario> scenarios, int index, int turn) {
        return scenarios.get(index).turns().get(turn).step();
    }

    private boolean replace(List<Scenario> scenarios, int index, int turn, Step step, Difference difference)
            throws IOException {
        if (!step.isHarmless()) return false;
        var turns = new ArrayList<>(scenarios.get(index).turns());
        turns.set(turn, new Turn(turns.get(turn).actor(), step));
        return tryInstead(scenarios, index, scenarios.get(index).with(turns), difference);
    }

    /// Plays them on fresh server connections; gives the difference of the same kind in the last one.
    private @Nullable Difference play(List<Scenario> scenarios, Difference wanted) throws IOException {
        playground.purge();
        var runner = playground.runner(PATIENCE, 0);
        for (int i = 0; i < scenarios.size(); i++) {
            playground.reset(scenarios.get(i));
            for (var found : runner.differences(scenarios.get(i)))
                if (i == scenarios.size() - 1 && found.kind().equals(wanted.kind())) return found;
        }
        return null;
    }
}
