/// Rules about the structure itself.
@NullMarked
package org.pgdrover;

import org.jspecify.annotations.NullMarked;
