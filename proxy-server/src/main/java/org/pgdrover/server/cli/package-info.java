/// The command line.
@NullMarked
package org.pgdrover.server.cli;

import org.jspecify.annotations.NullMarked;
