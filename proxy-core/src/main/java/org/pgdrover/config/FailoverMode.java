package org.pgdrover.config;

/// The reaction to the loss of the primary: promote a standby, hold and wait for an operator, or only
/// report.
public enum FailoverMode {
    AUTOMATIC,
    MANUAL,
    OFF
}
