/** Passwords kept in <code>users.txt</code>. */
@NullMarked
package org.pgdrover.auth.users;

import org.jspecify.annotations.NullMarked;
