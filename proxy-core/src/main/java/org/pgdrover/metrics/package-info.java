/// What the proxy reports about itself, as interfaces that do nothing by default.
@NullMarked
package org.pgdrover.metrics;

import org.jspecify.annotations.NullMarked;
