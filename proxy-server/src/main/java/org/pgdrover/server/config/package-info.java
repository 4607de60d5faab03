/// Reading `proxy.conf` into the settings records.
@NullMarked
package org.pgdrover.server.config;

import org.jspecify.annotations.NullMarked;
