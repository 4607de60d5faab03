/// Which node a statement goes to, and why.
@NullMarked
package org.pgdrover.routing;

import org.jspecify.annotations.NullMarked;
