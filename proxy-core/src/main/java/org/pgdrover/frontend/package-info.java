/** Client connections, phase by phase. */
@NullMarked
package org.pgdrover.frontend;

import org.jspecify.annotations.NullMarked;
