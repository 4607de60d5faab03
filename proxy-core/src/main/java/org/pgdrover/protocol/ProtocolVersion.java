package org.pgdrover.protocol;

/// A version of the frontend/backend protocol, such as 3.0 or 3.2.
public record ProtocolVersion(int major, int minor) {
    public static final ProtocolVersion V3_0 = new ProtocolVersion(3, 0);
    /// The newest that the proxy speaks to clients.
    public static final ProtocolVersion V3_2 = new ProtocolVersion(3, 2);

    public static ProtocolVersion ofCode(int code) {
        return new ProtocolVersion(code >>> 16, code & 0xFFFF);
    }

    public int code() {
        return major << 16 | minor;
    }

    /// From 3.2 a cancellation key may be up to 256 bytes long.
    public boolean hasLongCancelKeys() {
        return minor >= 2;
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
