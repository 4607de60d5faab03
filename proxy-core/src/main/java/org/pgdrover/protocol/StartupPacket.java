package org.pgdrover.protocol;

import java.util.Arrays;
import java.util.Map;

/// A packet that a client may send before its session begins (PostgreSQL manual, sections 54.2.1 and
/// 54.7).
public sealed interface StartupPacket {
    record SslRequest() implements StartupPacket {}

    record GssEncRequest() implements StartupPacket {}

    /// Asks to cancel what another connection is running.
    record CancelRequest(CancelKey key) implements StartupPacket {}

    /// Begins a session; parameters keep their order.
    record StartupMessage(ProtocolVersion version, Map<String, String> parameters) implements StartupPacket {}

    /// The process id and secret of BackendKeyData; equal by value, and silent about the secret.
    record CancelKey(int processId, byte[] secret) {
        @Override
        public boolean equals(Object other) {
            return other instanceof CancelKey(int id, byte[] otherSecret)
                    && id == processId
                    && java.security.MessageDigest.isEqual(otherSecret, secret);
        }

        @Override
        public int hashCode() {
            return 31 * processId + Arrays.hashCode(secret);
        }

        @Override
        public String toString() {
            return "CancelKey[" + processId + ", ***]";
        }
    }
}
