/// Passwords judged by a directory (PostgreSQL manual, section 20.10).
@NullMarked
package org.pgdrover.auth.ldap;

import org.jspecify.annotations.NullMarked;
