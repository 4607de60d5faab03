/// Immutable settings, one record per section of `proxy.conf`; no file format.
@NullMarked
package org.pgdrover.config;

import org.jspecify.annotations.NullMarked;
