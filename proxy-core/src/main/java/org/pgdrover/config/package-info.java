/** Immutable settings, one record per section of <code>proxy.conf</code>; no file format. */
@NullMarked
package org.pgdrover.config;

import org.jspecify.annotations.NullMarked;
