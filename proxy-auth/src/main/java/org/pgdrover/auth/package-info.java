/// Authentication methods, stored passwords and their outcomes; no network code.
@NullMarked
package org.pgdrover.auth;

import org.jspecify.annotations.NullMarked;
