package org.pgdrover.backend;

/// The fate of an answer. Its owner gets it, nobody gets it, or the proxy gives it itself at this
/// position.
public enum AnswerFate {
    FORWARD,
    SKIP,
    FAKE
}
