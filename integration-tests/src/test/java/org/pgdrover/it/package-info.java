/// The proxy in front of real PostgreSQL, driven by real clients.
@NullMarked
package org.pgdrover.it;

import org.jspecify.annotations.NullMarked;
