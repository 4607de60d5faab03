/// Certificates, keys and what is made of them for either side of the proxy; it knows nothing of the
/// wire protocol.
@NullMarked
package org.pgdrover.tls;

import org.jspecify.annotations.NullMarked;
