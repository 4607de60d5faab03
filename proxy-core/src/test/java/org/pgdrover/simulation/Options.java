package org.pgdrover.simulation;

import java.util.EnumSet;
import java.util.Set;

/// What a run of the simulation leaves out.
///
/// @param without what clients do not do
/// @param faults whether anything fails that is not a client's doing
/// @param named whether every client gives an application_name, and servers ignore the proxy's own
/// @param aimed whether clients do few things that belong together, and faults meet what chance seldom
/// meets
/// @param across whether clients also do what goes on from one batch to the next
/// @param refusing whether servers may refuse a BEGIN, and cancels may meet one
record Options(
        Set<Features> without,
        boolean faults,
        boolean earlyGoodbyes,
        boolean named,
        boolean aimed,
        boolean across,
        boolean refusing,
        boolean tracing) {
    static final Options ALL =
            new Options(EnumSet.noneOf(Features.class), true, true, false, false, false, false, false);

    /// As the system properties say.
    static Options fromProperties() {
        var without = EnumSet.noneOf(Features.class);
        for (var name : System.getProperty("simulation.without", "").split(","))
            if (!name.isBlank()) without.add(Features.valueOf(name.trim()));
        var only = System.getProperty("simulation.only", "");
        if (!only.isBlank()) {
            without.addAll(EnumSet.allOf(Features.class));
            for (var name : only.split(",")) without.remove(Features.valueOf(name.trim()));
        }
        return new Options(
                without,
                !Boolean.getBoolean("simulation.faultless"),
                !Boolean.getBoolean("simulation.polite"),
                Boolean.getBoolean("simulation.named"),
                Boolean.getBoolean("simulation.aimed"),
                Boolean.getBoolean("simulation.across"),
                Boolean.getBoolean("simulation.refusing"),
                false);
    }

    Options without(Features feature) {
        var more = EnumSet.of(feature);
        more.addAll(without);
        return new Options(more, faults, earlyGoodbyes, named, aimed, across, refusing, tracing);
    }

    /// As the property says it.
    String withoutText() {
        return String.join(",", without.stream().map(Enum::name).toList());
    }

    Options withNames(boolean all) {
        return new Options(without, faults, earlyGoodbyes, all, aimed, across, refusing, tracing);
    }

    Options withAim(boolean at) {
        return new Options(without, faults, earlyGoodbyes, named, at, across, refusing, tracing);
    }

    Options withAcross(boolean so) {
        return new Options(without, faults, earlyGoodbyes, named, aimed, so, refusing, tracing);
    }

    Options withRefusals(boolean so) {
        return new Options(without, faults, earlyGoodbyes, named, aimed, across, so, tracing);
    }

    Options traced() {
        return new Options(without, faults, earlyGoodbyes, named, aimed, across, refusing, true);
    }
}
