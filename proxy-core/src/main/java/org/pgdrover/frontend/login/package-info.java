/// How a client comes in: encryption, proof of who it is, and the welcome that its session begins with.
@NullMarked
package org.pgdrover.frontend.login;

import org.jspecify.annotations.NullMarked;
