/// Passwords kept in `users.txt`.
@NullMarked
package org.pgdrover.auth.users;

import org.jspecify.annotations.NullMarked;
