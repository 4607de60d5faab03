package org.pgdrover.auth;

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/// A stored password: its plain text, or one of the forms of PostgreSQL's `pg_authid.rolpassword`.
public sealed interface StoredPassword {
    record Plain(String password) implements StoredPassword {
        @Override
        public String toString() {
            return "Plain[***]";
        }
    }

    /// @param digest 32 lower-case hexadecimal digits: MD5 of the password followed by the user's name
    record Md5(String digest) implements StoredPassword {
        @Override
        public String toString() {
            return "Md5[***]";
        }
    }

    /// The keys of RFC 5803, from which the password cannot be found again.
    ///
    /// @param iterations of the key derivation, at least 1
    record ScramVerifier(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) implements StoredPassword {
        private static final String PREFIX = "SCRAM-SHA-256$";
        private static final int KEY_BYTES = 32;

        public ScramVerifier {
            if (iterations < 1) throw new IllegalArgumentException("iterations: " + iterations + " (expected: >= 1)");
            if (storedKey.length != KEY_BYTES || serverKey.length != KEY_BYTES)
                throw new IllegalArgumentException("SCRAM key length (expected: 32 bytes each)");
            salt = salt.clone();
            storedKey = storedKey.clone();
            serverKey = serverKey.clone();
        }

        /// @throws IllegalArgumentException if the text is not
        /// SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey
        static ScramVerifier parse(String text) {
            var parts = text.substring(PREFIX.length()).split("[:$]", -1);
            if (parts.length != 4) throw new IllegalArgumentException("malformed SCRAM-SHA-256 verifier");
            var decoder = Base64.getDecoder();
            return new ScramVerifier(
                    Integer.parseInt(parts[0]),
                    decoder.decode(parts[1]),
                    decoder.decode(parts[2]),
                    decoder.decode(parts[3]));
        }

        /// As pg_authid.rolpassword and the user list spell it.
        public String text() {
            var encoder = Base64.getEncoder();
            return PREFIX + iterations + ":" + encoder.encodeToString(salt) + "$" + encoder.encodeToString(storedKey)
                    + ":" + encoder.encodeToString(serverKey);
        }

        @Override
        public byte[] salt() {
            return salt.clone();
        }

        @Override
        public byte[] storedKey() {
            return storedKey.clone();
        }

        @Override
        public byte[] serverKey() {
            return serverKey.clone();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ScramVerifier that
                    && iterations == that.iterations
                    && Arrays.equals(salt, that.salt)
                    && Arrays.equals(storedKey, that.storedKey)
                    && Arrays.equals(serverKey, that.serverKey);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(salt);
        }

        @Override
        public String toString() {
            return "ScramVerifier[***]";
        }
    }

    /// Reads any of the three forms; what has neither prefix is plain text, as in PgBouncer's user list.
    ///
    /// @throws IllegalArgumentException if the text begins like a SCRAM verifier but is not one
    static StoredPassword parse(String text) {
        if (text.startsWith(ScramVerifier.PREFIX)) return ScramVerifier.parse(text);
        if (text.length() == 35 && text.startsWith("md5") && isHex(text.substring(3)))
            return new Md5(text.substring(3));
        return new Plain(text);
    }

    private static boolean isHex(String text) {
        return text.chars().allMatch(c -> HexFormat.isHexDigit(c) && !Character.isUpperCase(c));
    }
}
