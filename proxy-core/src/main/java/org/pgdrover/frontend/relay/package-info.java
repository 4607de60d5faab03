/// The relay: sends the batches of logged-in clients to servers, and the answers back.
@NullMarked
package org.pgdrover.frontend.relay;

import org.jspecify.annotations.NullMarked;
