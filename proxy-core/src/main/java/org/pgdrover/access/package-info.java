/// What the cluster itself knows of its users: their passwords and their roles.
@NullMarked
package org.pgdrover.access;

import org.jspecify.annotations.NullMarked;
