/// The whole proxy on one thread and in virtual time, between simulated clients and model servers,
/// judged by an auditor.
@NullMarked
package org.pgdrover.simulation;

import org.jspecify.annotations.NullMarked;
