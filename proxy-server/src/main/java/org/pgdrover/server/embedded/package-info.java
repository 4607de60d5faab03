/// Real PostgreSQL clusters from embedded binaries, for the demo and for tests.
@NullMarked
package org.pgdrover.server.embedded;

import org.jspecify.annotations.NullMarked;
