/// Passwords judged, and what the proxy proves itself to servers with.
@NullMarked
package org.pgdrover.auth.secrets;

import org.jspecify.annotations.NullMarked;
