package org.pgdrover.config;

/// The promise of a read on a standby: see docs/routing.md.
public enum Consistency {
    EVENTUAL,
    BOUNDED,
    SESSION,
    GLOBAL
}
