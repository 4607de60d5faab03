/// Metrics in Prometheus form.
@NullMarked
package org.pgdrover.server.metrics;

import org.jspecify.annotations.NullMarked;
