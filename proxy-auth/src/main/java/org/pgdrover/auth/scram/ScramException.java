package org.pgdrover.auth.scram;

/// A SCRAM exchange that broke the protocol; anybody can cause one, so it has no stack trace.
public final class ScramException extends Exception {
    private static final long serialVersionUID = 1;

    public ScramException(String message) {
        super(message, null, false, false);
    }
}
