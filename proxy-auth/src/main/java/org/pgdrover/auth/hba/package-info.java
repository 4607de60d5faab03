/// Host-based authentication rules in the form of `pg_hba.conf` (PostgreSQL manual, section 20.1).
@NullMarked
package org.pgdrover.auth.hba;

import org.jspecify.annotations.NullMarked;
