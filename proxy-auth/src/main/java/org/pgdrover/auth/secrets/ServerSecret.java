package org.pgdrover.auth.secrets;

import org.pgdrover.auth.scram.ScramKeys;

/// A secret with which the proxy proves itself to a server, in a user's name.
public sealed interface ServerSecret {
    /// The password itself: for every method.
    record Plain(String password) implements ServerSecret {
        @Override
        public String toString() {
            return "Plain[***]";
        }
    }

    /// For servers that ask for MD5.
    record Md5(String digest) implements ServerSecret {
        @Override
        public String toString() {
            return "Md5[***]";
        }
    }

    /// For servers that ask for SCRAM and have the verifier that these keys were made for.
    record Keys(ScramKeys keys) implements ServerSecret {}
}
