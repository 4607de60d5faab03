package org.pgdrover.config;

/** What a read on a standby promises: see docs/routing.md. */
public enum Consistency {
    EVENTUAL,
    BOUNDED,
    SESSION,
    GLOBAL
}
