/// Lexing and classification of SQL statements; no I/O.
@NullMarked
package org.pgdrover.sql;

import org.jspecify.annotations.NullMarked;
