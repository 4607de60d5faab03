package org.pgdrover.backend;

/** What becomes of an answer: it goes to the client, nobody asked for it, or the proxy gives it itself at this position. */
public enum Action {
    FORWARD,
    SKIP,
    FAKE
}
