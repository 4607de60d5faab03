/// Connections to PostgreSQL servers and the ledger of the answers they owe.
@NullMarked
package org.pgdrover.backend;

import org.jspecify.annotations.NullMarked;
