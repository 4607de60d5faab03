package org.pgdrover.simulation;

import java.util.List;

/// What came of one seed.
record Result(long seed, int clients, List<String> violations, List<String> trace) {
    boolean isGood() {
        return violations.isEmpty();
    }
}
