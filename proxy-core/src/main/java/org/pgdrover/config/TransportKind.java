package org.pgdrover.config;

/// The kernel interface that carries the bytes; AUTO takes the best one that works here.
public enum TransportKind {
    AUTO,
    IO_URING,
    EPOLL,
    NIO
}
