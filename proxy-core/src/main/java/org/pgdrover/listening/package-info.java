/// Listens on the primary for all clients that share server connections, and tells each what it has
/// subscribed to.
@NullMarked
package org.pgdrover.listening;

import org.jspecify.annotations.NullMarked;
