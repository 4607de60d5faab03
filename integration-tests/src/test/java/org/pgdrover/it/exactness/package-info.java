/// Proofs from outside that an application cannot tell the proxy from PostgreSQL.
@NullMarked
package org.pgdrover.it.exactness;

import org.jspecify.annotations.NullMarked;
