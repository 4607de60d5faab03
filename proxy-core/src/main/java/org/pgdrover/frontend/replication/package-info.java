/// Clients that replicate rather than ask.
@NullMarked
package org.pgdrover.frontend.replication;

import org.jspecify.annotations.NullMarked;
