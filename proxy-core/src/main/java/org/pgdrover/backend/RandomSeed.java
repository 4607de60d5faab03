package org.pgdrover.backend;

import java.security.SecureRandom;

/// Takes away what a server's random numbers tell of whoever has set their seed.
///
/// `DISCARD ALL` leaves the seed as it is, and no view shows it (PostgreSQL manual, section 9.3).
public final class RandomSeed {
    private static final SecureRandom RANDOM = new SecureRandom();

    private RandomSeed() {}

    /// A command that sets a seed which nobody can foretell.
    public static String renewal() {
        return "SELECT pg_catalog.setseed(" + (2 * RANDOM.nextDouble() - 1) + ")";
    }
}
