package org.pgdrover.listening;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Writes and reads the notifications that stand in the server's queue for what a client's transaction
/// has done.
///
/// They go through the database, where other users may see and send notifications too: each is signed
/// with a key that only this proxy has, and has a number by which a repetition is known.
final class Markers {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int SIGNATURE_BYTES = 16;

    /// What a marker stands for.
    enum Kind {
        SUBSCRIBE('+'),
        UNSUBSCRIBE('-'),
        UNSUBSCRIBE_ALL('*'),
        /// Notifications of the client itself follow.
        BEGIN('b'),
        /// The client's transaction is over.
        END('e');

        private final char letter;

        Kind(char letter) {
            this.letter = letter;
        }

        static @Nullable Kind of(String letter) {
            for (var kind : values()) if (letter.length() == 1 && letter.charAt(0) == kind.letter) return kind;
            return null;
        }
    }

    /// @param number grows with each marker of a subscriber
    /// @param channel null if the kind has none
    record Marker(
            long subscriber,
            long number,
            Kind kind,
            @Nullable String channel) {}

    private final String channel;
    private final SecretKeySpec key;

    Markers(Random random) {
        var name = new byte[8];
        random.nextBytes(name);
        channel = "pgdrover_" + HexFormat.of().formatHex(name);
        var secret = new byte[32];
        random.nextBytes(secret);
        key = new SecretKeySpec(secret, ALGORITHM);
    }

    /// The channel that markers are sent on; a plain identifier.
    String channel() {
        return channel;
    }

    /// The statement that sends a marker; ASCII.
    String statement(Marker marker) {
        var text = marker.subscriber() + " " + marker.number() + " " + marker.kind().letter + " "
                + (marker.channel() == null ? "" : hex(marker.channel().getBytes(StandardCharsets.UTF_8)));
        return "NOTIFY " + channel + ", '" + text + " " + sign(text) + "'";
    }

    /// The marker of a notification's payload; null if this proxy has not signed it.
    @Nullable
    Marker read(String payload) {
        int end = payload.lastIndexOf(' ');
        if (end < 0) return null;
        var text = payload.substring(0, end);
        if (!isEqual(sign(text), payload.substring(end + 1))) return null;
        var fields = text.split(" ", -1);
        var kind = Kind.of(fields[2]);
        if (kind == null) return null;
        var name = fields[3].isEmpty() ? null : new String(HexFormat.of().parseHex(fields[3]), StandardCharsets.UTF_8);
        return new Marker(Long.parseLong(fields[0]), Long.parseLong(fields[1]), kind, name);
    }

    private String sign(String text) {
        try {
            var mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            var whole = mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(whole, 0, SIGNATURE_BYTES);
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException(ALGORITHM, missing);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static boolean isEqual(String expected, String found) {
        return MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.US_ASCII), found.getBytes(StandardCharsets.US_ASCII));
    }
}
