package org.pgdrover.protocol;

/// Says that a peer sent what the protocol does not allow.
///
/// It carries no stack trace: anybody who can connect can cause it, and must not be able to buy
/// processor time with it.
public final class ProtocolViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String sqlState;
    private final boolean answered;

    public ProtocolViolation(String message) {
        this(SqlState.PROTOCOL_VIOLATION, message);
    }

    /// A violation for which PostgreSQL has an SQLSTATE of its own.
    public ProtocolViolation(String sqlState, String message) {
        this(sqlState, message, true);
    }

    private ProtocolViolation(String sqlState, String message, boolean answered) {
        super(message, null, false, false);
        this.sqlState = sqlState;
        this.answered = answered;
    }

    /// A violation after which PostgreSQL closes the connection without a word.
    public static ProtocolViolation unanswered(String message) {
        return new ProtocolViolation(SqlState.PROTOCOL_VIOLATION, message, false);
    }

    public String sqlState() {
        return sqlState;
    }

    /// Whether the peer is told what was wrong.
    public boolean isAnswered() {
        return answered;
    }
}
