package org.pgdrover.backend;

import org.pgdrover.protocol.ErrorFields;

/// Hears why a server connection could not be had.
@FunctionalInterface
public interface ConnectFailed {
    /// @param refused whether the server answered and refused, rather than being out of reach
    void failed(boolean refused, ErrorFields error);
}
