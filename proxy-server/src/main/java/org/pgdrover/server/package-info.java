/// The runnable proxy: its listener, transport and life cycle.
@NullMarked
package org.pgdrover.server;

import org.jspecify.annotations.NullMarked;
