package org.pgdrover.backend;

import java.util.function.LongSupplier;
import org.pgdrover.auth.PasswordStore;

/**
 * What all server connections have in common.
 *
 * @param passwords what to log in with
 * @param statementCache most prepared statements kept on one connection
 * @param clock nanoseconds, as of {@link System#nanoTime()}
 */
public record ServerOptions(PasswordStore passwords, int statementCache, LongSupplier clock) {}
