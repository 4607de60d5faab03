package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/// What the clients of one seed do: a part of all that they could, so that each thing also meets few
/// others.
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

    /// What belongs together: each has hidden a defect once that needed all of it, and little else
    /// beside.
    private static final List<Set<Features>> THEMES = List.of(
            EnumSet.of(CANCEL, SLEEP),
            EnumSet.of(NAMED, ZONE, SET),
            EnumSet.of(SEVERAL, TRANSACTION, WRITE),
            EnumSet.of(VIEW, REMOTE, EFFECT),
            EnumSet.of(NAMED, PIPELINE, ERROR),
            EnumSet.of(NAMED, EXTENDED, DISCARD, PREPARE),
            EnumSet.of(CUSTOM, SET, RESET_ALL, FUNCTION_SET),
            EnumSet.of(LISTEN, TRANSACTION, SAVEPOINT),
            EnumSet.of(TEMPORARY, LOCK, CURSOR, SEVERAL),
            EnumSet.of(READ_ONLY, SHARED, WRITE),
            EnumSet.of(EXTENDED, FLUSH, PORTAL, COPY));

    /// Whether it matters most what becomes of what they do when its answer is lost.
    static boolean isAboutLosses(List<Features> aim) {
        return aim.contains(EFFECT) || aim.contains(SEVERAL) && aim.contains(WRITE);
    }

    /// One theme, and at most two features more.
    static List<Features> aim(RandomGenerator random, Set<Features> without) {
        var drawn = EnumSet.copyOf(THEMES.get(random.nextInt(THEMES.size())));
        if (random.nextBoolean()) drawn.add(READ);
        for (int more = random.nextInt(3); more > 0; more--) drawn.add(values()[random.nextInt(values().length)]);
        drawn.removeAll(without);
        if (drawn.isEmpty()) drawn.add(READ);
        return new ArrayList<>(drawn);
    }
}
