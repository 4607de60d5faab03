package org.pgdrover.backend;

/// Says what becomes of an answer: its owner gets it, nobody gets it, or the proxy gives it itself at this position.
public enum AnswerFate {
    FORWARD,
    SKIP,
    FAKE
}
