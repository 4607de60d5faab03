package org.pgdrover.config;

/** What happens when the primary is lost: promote a standby, hold and wait for an operator, or only report. */
public enum FailoverMode {
    AUTOMATIC,
    MANUAL,
    OFF
}
