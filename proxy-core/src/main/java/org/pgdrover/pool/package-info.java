/// Pools of server connections, their limits, queues and maintenance.
@NullMarked
package org.pgdrover.pool;

import org.jspecify.annotations.NullMarked;
