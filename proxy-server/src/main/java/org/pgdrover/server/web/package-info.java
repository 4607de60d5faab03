/// The HTTP endpoints /metrics and /health.
@NullMarked
package org.pgdrover.server.web;

import org.jspecify.annotations.NullMarked;
