/// One client's session, as far as it outlives its transactions: settings, prepared statements, and what
/// ties it to a server.
@NullMarked
package org.pgdrover.frontend.session;

import org.jspecify.annotations.NullMarked;
