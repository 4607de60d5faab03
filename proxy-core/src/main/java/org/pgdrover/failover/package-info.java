/// Detecting the loss of the primary, promoting a standby and holding work meanwhile.
@NullMarked
package org.pgdrover.failover;

import org.jspecify.annotations.NullMarked;
