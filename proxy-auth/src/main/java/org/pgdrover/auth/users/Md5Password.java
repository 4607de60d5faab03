package org.pgdrover.auth.users;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// PostgreSQL's MD5 passwords (PostgreSQL manual, section 53.2.1, AuthenticationMD5Password).
public final class Md5Password {
    private Md5Password() {}

    /// The 32 hexadecimal digits that PostgreSQL stores behind "md5".
    public static String digest(String password, String user) {
        return md5((password + user).getBytes(StandardCharsets.UTF_8), new byte[0]);
    }

    /// What is sent in answer to a salt: "md5" and 32 hexadecimal digits.
    public static String answer(String digest, byte[] salt) {
        return "md5" + md5(digest.getBytes(StandardCharsets.US_ASCII), salt);
    }

    /// Whether an answer is right, in a time that does not depend on where it goes wrong.
    public static boolean verify(String digest, byte[] salt, String answer) {
        return MessageDigest.isEqual(
                answer(digest, salt).getBytes(StandardCharsets.US_ASCII), answer.getBytes(StandardCharsets.UTF_8));
    }

    private static String md5(byte[] first, byte[] second) {
        try {
            var md5 = MessageDigest.getInstance("MD5");
            md5.update(first);
            md5.update(second);
            return HexFormat.of().formatHex(md5.digest());
        } catch (NoSuchAlgorithmException absent) {
            throw new IllegalStateException("this Java runtime has no MD5", absent);
        }
    }
}
