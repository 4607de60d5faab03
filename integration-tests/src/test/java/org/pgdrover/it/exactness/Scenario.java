package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The conversations of some clients who share a pool, in the order in which their steps are taken.
///
/// @param turns who takes a step when; the last turn of an actor ends its session
record Scenario(String name, List<Actor> actors, List<Turn> turns) {
    /// A client.
    record Actor(Map<String, String> startup, Ending ending) {}

    /// How a client leaves.
    enum Ending {
        /// Reads all answers and says Terminate.
        TERMINATE,
        /// Says Terminate behind its last step, whose answers it does not read.
        TERMINATE_AT_ONCE,
        /// Closes the connection in the middle of its last step.
        CUT,
        /// Resets the connection behind its last step.
        RESET
    }

    /// A step of an actor.
    record Turn(int actor, Step step) {}

    Scenario {
        actors = List.copyOf(actors);
        turns = List.copyOf(turns);
    }

    List<Step> stepsOf(int actor) {
        return turns.stream()
                .filter(turn -> turn.actor() == actor)
                .map(Turn::step)
                .toList();
    }

    Scenario with(List<Turn> others) {
        return new Scenario(name, actors, others);
    }

    /// The same with other clients at the same places.
    Scenario withActors(List<Actor> others) {
        return new Scenario(name, others, turns);
    }

    /// Lines for people, one a step.
    List<String> shown() {
        var lines = new ArrayList<String>();
        for (int i = 0; i < actors.size(); i++)
            if (!stepsOf(i).isEmpty())
                lines.add("client " + (char) ('A' + i) + " starts with "
                        + actors.get(i).startup() + ", leaves by "
                        + actors.get(i).ending());
        for (var turn : turns) lines.add("  " + (char) ('A' + turn.actor()) + ": " + turn.step());
        return lines;
    }
}
