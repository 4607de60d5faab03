package org.pgdrover.backend;

import java.util.function.LongSupplier;

/// The options that all server connections have in common.
///
/// @param login what to log in with
/// @param statementCache most prepared statements kept on one connection
/// @param clock nanoseconds, as of [System#nanoTime()]
public record ServerOptions(ServerLoginMaterial login, int statementCache, LongSupplier clock) {}
