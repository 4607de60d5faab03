package org.pgdrover.protocol;

/**
 * A peer sent what the protocol does not allow.
 *
 * <p>It carries no stack trace: anybody who can connect can cause it, and must not be able to buy processor time with it.
 */
public final class ProtocolViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ProtocolViolation(String message) {
        super(message, null, false, false);
    }
}
