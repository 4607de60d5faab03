package org.pgdrover.it.exactness;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgdrover.it.exactness.Scenario.Actor;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Makes the scenario of a seed.
final class ScenarioMaker {
    private static final int MAX_ACTORS = 3;
    private static final int MAX_STEPS = 12;

    private final Vocabulary vocabulary;
    private final String schemas;

    /// @param schemas what the names of the actors' schemas begin with
    ScenarioMaker(Vocabulary vocabulary, String schemas) {
        this.vocabulary = vocabulary;
        this.schemas = schemas;
    }

    Scenario make(long seed) {
        var random = new Random(seed);
        var actors = new ArrayList<Actor>();
        var steps = new ArrayList<List<Step>>();
        var refrain = vocabulary.refrain(random);
        int count = 1 + random.nextInt(MAX_ACTORS);
        for (int i = 0; i < count; i++) {
            var ending = random.nextInt(4) > 0 ? Ending.TERMINATE : Ending.values()[1 + random.nextInt(3)];
            var maker = new StepMaker(random, vocabulary.new Speaker(random, (seed & 0xFFFFFFFFFFFL) * 8 + i, refrain));
            actors.add(new Actor(startup(random, schemas + i), ending));
            steps.add(maker.conversation(2 + random.nextInt(MAX_STEPS), ending));
        }
        return new Scenario("seed " + seed, actors, mixed(random, steps));
    }

    private static Map<String, String> startup(Random random, String schema) {
        var startup = new LinkedHashMap<String, String>();
        if (random.nextInt(3) == 0) startup.put("options", "-c search_path=" + schema);
        else startup.put("search_path", schema);
        if (random.nextBoolean()) startup.put("application_name", "app" + random.nextInt(3));
        if (random.nextInt(4) == 0) startup.put("TimeZone", random.nextBoolean() ? "Asia/Tokyo" : "America/New_York");
        if (random.nextInt(6) == 0) startup.put("DateStyle", random.nextBoolean() ? "German" : "ISO, DMY");
        if (random.nextInt(6) == 0) startup.put("client_encoding", random.nextBoolean() ? "LATIN1" : "UTF8");
        if (random.nextInt(8) == 0) startup.put("extra_float_digits", "1");
        if (random.nextInt(10) == 0) startup.put("app.tenant", "startup");
        return startup;
    }

    private static List<Turn> mixed(Random random, List<List<Step>> steps) {
        var left = new ArrayList<Integer>();
        for (int actor = 0; actor < steps.size(); actor++)
            for (int i = 0; i < steps.get(actor).size(); i++) left.add(actor);
        if (random.nextInt(5) > 0) Collections.shuffle(left, random);
        var next = new int[steps.size()];
        var turns = new ArrayList<Turn>();
        for (int actor : left) turns.add(new Turn(actor, steps.get(actor).get(next[actor]++)));
        return turns;
    }
}
