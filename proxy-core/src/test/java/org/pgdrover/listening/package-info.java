@org.jspecify.annotations.NullMarked
package org.pgdrover.listening;
