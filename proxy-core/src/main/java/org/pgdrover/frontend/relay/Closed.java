package org.pgdrover.frontend.relay;

/// The client is gone.
record Closed() implements RelayState {
    @Override
    public RelayState proceed() {
        return this;
    }
}
