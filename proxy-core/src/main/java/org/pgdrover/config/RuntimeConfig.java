package org.pgdrover.config;

/** Threads and transport; zero event loops means one per processor. */
public record RuntimeConfig(int eventLoops, TransportKind transport) {
    public static final RuntimeConfig DEFAULT = new RuntimeConfig(0, TransportKind.AUTO);
}
