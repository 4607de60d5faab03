/// What the catalog proves, held against real PostgreSQL.
@NullMarked
package org.pgdrover.routing;

import org.jspecify.annotations.NullMarked;
