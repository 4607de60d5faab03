/** Host-based authentication rules in the form of <code>pg_hba.conf</code> (PostgreSQL manual, section 20.1). */
@NullMarked
package org.pgdrover.auth.hba;

import org.jspecify.annotations.NullMarked;
