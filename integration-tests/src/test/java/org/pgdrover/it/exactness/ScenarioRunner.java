package org.pgdrover.it.exactness;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.it.exactness.Scenario.Ending;

/// Plays a scenario to PostgreSQL and to the proxy, and tells where their answers differ.
final class ScenarioRunner {
    private static final int DIRECT_QUIET = 500;
    private static final int BUSY = 20;
    private static final int BLOCKED = 1;
    private static final int WELCOME = 10_000;

    private final Rig rig;
    private final String user;
    private final @Nullable Pattern known;
    private final int patience;
    private final int turn;

    /// What one client heard from PostgreSQL, and how far it was at each wait.
    private record Heard(Transcript transcript, int certain, List<Mark> marks) {}

    /// How a wait ended: with what was expected, or in silence after so many lines.
    private record Mark(boolean satisfied, int lines) {}

    /// @param patience milliseconds without an answer after which none is expected any more
    /// @param turn most milliseconds that a client has for its turn before another one takes the next
    ScenarioRunner(Rig rig, String user, @Nullable Pattern known, int patience, int turn) {
        this.turn = turn;
        this.rig = rig;
        this.patience = patience;
        this.known = known;
        this.user = user;
    }

    /// The first difference of each client, without those that have none.
    List<Difference> differences(Scenario scenario) throws IOException {
        var expected = new ArrayList<Heard>();
        for (int i = 0; i < scenario.actors().size(); i++) expected.add(askDirectly(scenario, i));
        var players = askThroughProxy(scenario, expected);
        var differences = new ArrayList<Difference>();
        for (int i = 0; i < players.size(); i++) {
            var talk = players.get(i).talk;
            if (talk == null) continue;
            int upTo = scenario.actors().get(i).ending() == Ending.TERMINATE
                    ? Integer.MAX_VALUE
                    : Math.min(expected.get(i).certain, talk.certain());
            var difference = Difference.between(
                    i, expected.get(i).transcript.shown(upTo), talk.transcript().shown(upTo), known);
            if (difference != null) differences.add(difference);
        }
        return differences;
    }

    private Map<String, String> startup(Scenario.Actor actor, String database) {
        var all = new HashMap<>(Map.of("user", user, "database", database));
        all.putAll(actor.startup());
        return all;
    }

    private Heard askDirectly(Scenario scenario, int actor) throws IOException {
        var who = scenario.actors().get(actor);
        var steps = scenario.stepsOf(actor);
        var marks = new ArrayList<Mark>();
        try (var talk = new Talk(rig.directPort(), startup(who, Rig.DIRECT))) {
            boolean hurries = who.ending() != Ending.TERMINATE;
            talk.await(WELCOME);
            for (int i = 0; i < steps.size() - (hurries ? 1 : 0); i++) {
                talk.send(steps.get(i));
                boolean satisfied = talk.await(DIRECT_QUIET);
                if (!satisfied) talk.awaitLines(talk.transcript().size(), 1);
                marks.add(new Mark(satisfied, talk.transcript().size()));
            }
            int certain = talk.certain();
            if (!hurries) talk.terminate(0, DIRECT_QUIET);
            else if (!steps.isEmpty()) talk.leaveAndWait(who.ending(), steps.getLast());
            return new Heard(talk.transcript(), hurries ? certain : talk.certain(), marks);
        }
    }

    private List<Player> askThroughProxy(Scenario scenario, List<Heard> expected) throws IOException {
        var players = new ArrayList<Player>();
        if (turn > 0) rig.awaitClients(0, patience);
        try {
            for (int i = 0; i < scenario.actors().size(); i++)
                players.add(new Player(scenario.actors().get(i), expected.get(i), scenario.stepsOf(i)));
            for (var turn : scenario.turns()) players.get(turn.actor()).turn(this.turn);
            catchUp(players);
            return players;
        } finally {
            for (var player : players) if (player.talk != null) player.talk.close();
        }
    }

    /// Takes the steps that are left, until none is or nobody has heard anything for too long.
    private void catchUp(List<Player> players) throws IOException {
        long quietSince = System.nanoTime();
        int heard = -1;
        for (boolean going = true; going; ) {
            int now = players.stream().mapToInt(Player::heard).sum();
            if (now != heard) quietSince = System.nanoTime();
            heard = now;
            boolean giveUp = System.nanoTime() - quietSince > TimeUnit.MILLISECONDS.toNanos(patience);
            going = false;
            for (var player : players) going |= player.catchUp(giveUp);
        }
    }

    /// A client of the proxy, which takes its turn when its earlier steps have been answered.
    private final class Player {
        private final Scenario.Actor actor;
        private final Heard expected;
        private final Deque<Step> steps;
        private final int all;
        private int due;
        private boolean over;
        /// Whether it was found waiting for an answer before, which another client may have to make room
        /// for.
        private boolean blocked;

        private @Nullable Talk talk;

        Player(Scenario.Actor actor, Heard expected, List<Step> steps) {
            this.actor = actor;
            this.expected = expected;
            this.steps = new ArrayDeque<>(steps);
            all = steps.size();
        }

        void turn(int millis) throws IOException {
            due++;
            var open = talk == null ? begin(millis) : talk;
            takeSteps(open);
            if (millis > 0 && due == 0 && !over) isAnswered(open, millis);
        }

        /// The first step is this client's turn, and not its login.
        private Talk begin(int millis) throws IOException {
            var open = new Talk(rig.proxyPort(), startup(actor, Rig.PROXIED));
            talk = open;
            if (millis > 0) isAnswered(open, millis);
            return open;
        }

        private void takeSteps(Talk open) throws IOException {
            while (due > 0 && isAnswered(open)) {
                due--;
                var step = steps.removeFirst();
                if (steps.isEmpty() && actor.ending() != Ending.TERMINATE) {
                    leave(open, step);
                    over = true;
                    return;
                }
                open.send(step);
            }
            // Whoever waits for the last answers here lets nobody else take the steps that make room for them.
            if (steps.isEmpty() && !over && isAnswered(open) && isSettled(open)) end(open);
        }

        /// Who takes turns with others is over with its turn when its work is done.
        private void leave(Talk open, Step last) throws IOException {
            if (turn == 0) {
                open.leave(actor.ending(), last);
                return;
            }
            int others = Math.max(0, rig.clients() - 1);
            open.leaveAndWait(actor.ending(), last);
            if (!rig.awaitClients(others, patience)) throw new IOException("a client's work is not done");
        }

        private boolean isSettled(Talk open) throws IOException {
            boolean settled = open.settle(blocked ? BLOCKED : BUSY);
            blocked = !settled;
            return settled;
        }

        private void end(Talk open) throws IOException {
            over = true;
            open.terminate(expected.transcript.notifications(), patience);
        }

        private boolean isAnswered(Talk open) throws IOException {
            boolean answered = isAnswered(open, blocked ? BLOCKED : BUSY);
            blocked = !answered;
            return answered;
        }

        int heard() {
            return talk == null ? 0 : talk.transcript().size();
        }

        private boolean isAnswered(Talk open, int millis) throws IOException {
            int done = all - steps.size();
            var mark = done == 0 ? new Mark(true, 0) : expected.marks.get(done - 1);
            return mark.satisfied ? open.await(millis) : open.awaitLines(mark.lines, millis);
        }

        /// Takes what is due; true if something is left.
        boolean catchUp(boolean giveUp) throws IOException {
            if (over || talk == null) return false;
            takeSteps(talk);
            if (over || !giveUp) return !over;
            if (steps.isEmpty()) {
                end(talk);
                return false;
            }
            talk.transcript()
                    .note(Transcript.NO_ANSWER + ": " + steps.size() + " of " + all + " steps left;"
                            + rig.activity(user));
            over = true;
            return false;
        }
    }
}
