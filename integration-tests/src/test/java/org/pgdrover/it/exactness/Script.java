package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.pgdrover.it.exactness.Scenario.Actor;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Scenario.Turn;
import org.pgdrover.it.exactness.Step.Until;

/// Conversations that are written by hand, and the words to write them with.
final class Script {
    /// In front of a statement, makes it larger than a proxy may want to look at.
    static final String LARGE = "/*" + " ".repeat(300_000) + "*/ ";
    /// The number of the function set_config.
    static final int SET_CONFIG = 2078;
    /// Shows the prepared statements of a session.
    static final String PREPARED = "SELECT name, from_sql FROM pg_prepared_statements ORDER BY name";

    private final Map<String, String> startup;
    private final Map<String, String> stranger;
    private final List<Scenario> all = new ArrayList<>();

    /// @param schemas what the names of the clients' schemas begin with
    Script(String schemas) {
        startup = Map.of("search_path", schemas + "0", "application_name", "known");
        stranger = Map.of("search_path", schemas + "1", "application_name", "stranger");
    }

    List<Scenario> all() {
        return List.copyOf(all);
    }

    /// What a client says whose parameters do not matter.
    Map<String, String> startup() {
        return startup;
    }

    /// The same, but one parameter.
    Map<String, String> startup(String name, String value) {
        var changed = new TreeMap<>(startup);
        changed.put(name, value);
        return changed;
    }

    void alone(String name, Step... steps) {
        alone(name, startup, steps);
    }

    void alone(String name, Map<String, String> parameters, Step... steps) {
        var turns = Stream.of(steps).map(step -> new Turn(0, step)).toList();
        all.add(new Scenario(name, List.of(new Actor(parameters, Ending.TERMINATE)), turns));
    }

    /// Two clients, who take these turns.
    void together(String name, Map<String, String> first, Map<String, String> second, Turn... turns) {
        var actors = List.of(new Actor(first, Ending.TERMINATE), new Actor(second, Ending.TERMINATE));
        all.add(new Scenario(name, actors, List.of(turns)));
    }

    /// A client that leaves, and another one that looks around afterwards.
    void leaves(String name, Ending ending, List<Step> steps, List<String> probes) {
        var turns =
                new ArrayList<>(steps.stream().map(step -> new Turn(0, step)).toList());
        for (var probe : probes) turns.add(new Turn(1, ask(Sent.query(probe))));
        all.add(new Scenario(name, List.of(new Actor(startup, ending), new Actor(stranger, Ending.TERMINATE)), turns));
    }

    /// What another client says.
    Map<String, String> stranger() {
        return stranger;
    }

    static Step ask(Sent... messages) {
        return Step.of(Until.READY, messages);
    }

    static Step behind(Sent... messages) {
        return Step.of(Until.NOTHING, messages);
    }

    static Step flushed(Sent... messages) {
        return Step.of(Until.FLUSHED, messages);
    }

    static Sent[] run(String sql) {
        return new Sent[] {Sent.parse("", sql), Sent.bind("", ""), Sent.execute("", 0), Sent.sync()};
    }

    /// Messages that run statements in one batch.
    static Step pipeline(String... statements) {
        var all = new ArrayList<Sent>();
        for (var sql : statements) all.addAll(List.of(Sent.parse("", sql), Sent.bind("", ""), Sent.execute("", 0)));
        all.add(Sent.sync());
        return ask(all.toArray(Sent[]::new));
    }
}
