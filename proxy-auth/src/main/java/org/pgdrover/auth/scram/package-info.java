/// SCRAM-SHA-256 exchanges (RFC 5802, RFC 7677) as pure functions of bytes.
@NullMarked
package org.pgdrover.auth.scram;

import org.jspecify.annotations.NullMarked;
