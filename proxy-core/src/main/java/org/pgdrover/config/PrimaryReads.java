package org.pgdrover.config;

/** Whether the primary takes part in serving balanced reads. */
public enum PrimaryReads {
    ALWAYS,
    WHEN_NO_STANDBY,
    WEIGHTED
}
