/// The only package that knows how messages are laid out in bytes (PostgreSQL manual, section 54.7).
@NullMarked
package org.pgdrover.protocol.codec;

import org.jspecify.annotations.NullMarked;
