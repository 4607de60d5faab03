package org.pgdrover.config;

/// The primary's part in serving balanced reads.
public enum PrimaryReads {
    ALWAYS,
    WHEN_NO_STANDBY,
    WEIGHTED
}
