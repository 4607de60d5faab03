package org.pgdrover.backend;

import java.util.function.LongSupplier;

/**
 * What all server connections have in common.
 *
 * @param login what to log in with
 * @param statementCache most prepared statements kept on one connection
 * @param clock nanoseconds, as of {@link System#nanoTime()}
 */
public record ServerOptions(ServerLoginMaterial login, int statementCache, LongSupplier clock) {}
