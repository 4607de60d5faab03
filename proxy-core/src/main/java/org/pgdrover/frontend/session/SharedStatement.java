package org.pgdrover.frontend.session;

/// One text with its parameter types, as clients with equal settings share it, under the name that it has on pooled
/// servers.
public final class SharedStatement {
    private final byte[] name;

    SharedStatement(byte[] name) {
        this.name = name;
    }

    public byte[] name() {
        return name;
    }
}
