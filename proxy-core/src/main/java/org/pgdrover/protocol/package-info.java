/// The PostgreSQL frontend/backend protocol as values (PostgreSQL manual, chapter 54); no byte layouts.
@NullMarked
package org.pgdrover.protocol;

import org.jspecify.annotations.NullMarked;
