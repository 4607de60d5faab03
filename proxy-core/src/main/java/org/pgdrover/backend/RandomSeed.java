package org.pgdrover.backend;

/// Takes away what a server's random numbers tell of whoever has set their seed.
///
/// `DISCARD ALL` leaves the seed as it is, and no view shows it. A version 4 UUID ends with 48 bits that nobody can
/// foretell (PostgreSQL manual, sections 9.3 and 9.14).
public final class RandomSeed {
    /// A command that sets such a seed, between -1 and 1.
    public static final String RENEWAL = "SELECT pg_catalog.setseed(('x' OPERATOR(pg_catalog.||)"
            + " pg_catalog.right(pg_catalog.gen_random_uuid()::pg_catalog.text, 12))::pg_catalog.bit(48)::pg_catalog.int8"
            + " OPERATOR(pg_catalog./) 140737488355328.0 OPERATOR(pg_catalog.-) 1)";

    private RandomSeed() {}
}
