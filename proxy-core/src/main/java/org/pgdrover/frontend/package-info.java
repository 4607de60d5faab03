/// Client connections, and what every room of the frontend knows of them; the rooms are the packages
/// below.
@NullMarked
package org.pgdrover.frontend;

import org.jspecify.annotations.NullMarked;
