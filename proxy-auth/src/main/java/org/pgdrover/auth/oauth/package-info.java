/// Bearer tokens (RFC 7628; PostgreSQL manual, sections 20.15 and 53.3.2).
@NullMarked
package org.pgdrover.auth.oauth;

import org.jspecify.annotations.NullMarked;
