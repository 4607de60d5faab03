/// Which nodes there are, what role each plays and how far each has replayed.
@NullMarked
package org.pgdrover.cluster;

import org.jspecify.annotations.NullMarked;
