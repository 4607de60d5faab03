package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/// What the clients of one seed do: a part of all that they could, so that each thing also meets few others.
enum Features {
    READ,
    WRITE,
    SHARED,
    EXTENDED,
    NAMED,
    PIPELINE,
    PORTAL,
    TRANSACTION,
    READ_ONLY,
    SAVEPOINT,
    SET,
    CUSTOM,
    SET_LOCAL,
    RESET_ALL,
    DISCARD,
    SEVERAL,
    PREPARE,
    CURSOR,
    TEMPORARY,
    LISTEN,
    LOCK,
    COPY,
    NOTICE,
    ERROR,
    SLEEP,
    CANCEL,
    SUICIDE,
    EFFECT,
    VIEW,
    REMOTE,
    LARGE,
    SEQUENCE,
    ZONE,
    FUNCTION_SET,
    FLUSH;

    static List<Features> draw(RandomGenerator random, Set<Features> without) {
        int percent = 10 + random.nextInt(60);
        var drawn = EnumSet.of(READ);
        for (var feature : values()) if (random.nextInt(100) < percent) drawn.add(feature);
        drawn.removeAll(without);
        if (drawn.isEmpty()) drawn.add(READ);
        return new ArrayList<>(drawn);
    }
}
