package org.pgdrover.protocol;

/// The transaction status indicator of ReadyForQuery (PostgreSQL manual, section 54.7).
public enum TransactionStatus {
    IDLE('I'),
    IN_TRANSACTION('T'),
    FAILED('E');

    private final byte indicator;

    TransactionStatus(char indicator) {
        this.indicator = (byte) indicator;
    }

    public byte indicator() {
        return indicator;
    }

    /// @throws ProtocolViolation if PostgreSQL never sends this indicator
    public static TransactionStatus of(byte indicator) {
        return switch (indicator) {
            case 'I' -> IDLE;
            case 'T' -> IN_TRANSACTION;
            case 'E' -> FAILED;
            default -> throw new ProtocolViolation("transaction status: " + indicator + " (expected: I, T or E)");
        };
    }
}
