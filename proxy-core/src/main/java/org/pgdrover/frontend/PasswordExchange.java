package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.StoredPassword.ScramVerifier;
import org.pgdrover.auth.scram.ScramException;
import org.pgdrover.auth.scram.ScramServer;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.users.Md5Password;
import org.pgdrover.protocol.codec.BackendMessages;

/** One client's exchange about its password, in one of three ways; {@link #answer} may take milliseconds and runs off the event loop. */
sealed interface PasswordExchange {
    /** What a client's answer led to. */
    sealed interface Outcome {}

    /** AuthenticationSASLContinue with this data. */
    record Continue(byte[] data) implements Outcome {}

    /** Proved; AuthenticationSASLFinal with this data comes first, if there is any. */
    record Right(byte[] data) implements Outcome {}

    record Wrong() implements Outcome {}

    /** The client broke the protocol. */
    record Broken(String why) implements Outcome {}

    /** Writes the message that asks for a password. */
    void ask(ByteBuf out);

    /** @param body of the client's message, without the header */
    Outcome answer(byte[] body);

    static PasswordExchange of(
            AuthenticationMethod method, String user, Optional<StoredPassword> stored, ScramVerifiers verifiers) {
        return switch (method) {
            case PASSWORD -> new ClearText(user, stored);
            case MD5 ->
                stored.orElse(null) instanceof ScramVerifier
                        ? new Sasl(user, stored, verifiers)
                        : new Digest(user, stored);
            case SCRAM_SHA_256 -> new Sasl(user, stored, verifiers);
            case TRUST, REJECT, SCRAM_SHA_256_PLUS, LDAP, CERT, PEER, OAUTH ->
                throw new IllegalArgumentException(method + " asks for no password");
        };
    }

    /** A password message's text, or null if it does not end where it should. */
    private static @Nullable String text(byte[] body) {
        if (body.length == 0 || body[body.length - 1] != 0) return null;
        return new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
    }

    private static Outcome judge(boolean right) {
        return right ? new Right(new byte[0]) : new Wrong();
    }

    /** AuthenticationCleartextPassword. */
    record ClearText(String user, Optional<StoredPassword> stored) implements PasswordExchange {
        @Override
        public void ask(ByteBuf out) {
            BackendMessages.authenticationCleartextPassword(out);
        }

        @Override
        public Outcome answer(byte[] body) {
            var password = text(body);
            if (password == null) return new Broken("invalid password packet size");
            return judge(!password.isEmpty()
                    && stored.filter(known -> fits(password, known)).isPresent());
        }

        private boolean fits(String password, StoredPassword known) {
            return switch (known) {
                case Plain plain -> same(plain.password(), password);
                case Md5 md5 -> same(md5.digest(), Md5Password.digest(password, user));
                case ScramVerifier verifier -> ScramVerifiers.fits(password, verifier);
            };
        }

        private static boolean same(String one, String other) {
            return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** AuthenticationMD5Password. */
    final class Digest implements PasswordExchange {
        private final String user;
        private final Optional<StoredPassword> stored;
        private final byte[] salt = random(4);

        Digest(String user, Optional<StoredPassword> stored) {
            this.user = user;
            this.stored = stored;
        }

        @Override
        public void ask(ByteBuf out) {
            BackendMessages.authenticationMd5Password(out, salt);
        }

        @Override
        public Outcome answer(byte[] body) {
            var answer = text(body);
            if (answer == null) return new Broken("invalid password packet size");
            return judge(
                    switch (stored.orElse(null)) {
                        case Plain plain ->
                            !plain.password().isEmpty()
                                    && Md5Password.verify(Md5Password.digest(plain.password(), user), salt, answer);
                        case Md5 md5 -> Md5Password.verify(md5.digest(), salt, answer);
                        case ScramVerifier unusable -> false;
                        case null -> false;
                    });
        }
    }

    /** AuthenticationSASL with SCRAM-SHA-256. */
    final class Sasl implements PasswordExchange {
        private final String user;
        private final Optional<StoredPassword> stored;
        private final ScramVerifiers verifiers;
        private @Nullable ScramServer scram;

        Sasl(String user, Optional<StoredPassword> stored, ScramVerifiers verifiers) {
            this.user = user;
            this.stored = stored;
            this.verifiers = verifiers;
        }

        @Override
        public void ask(ByteBuf out) {
            BackendMessages.authenticationSasl(out, List.of(ScramServer.MECHANISM));
        }

        @Override
        public Outcome answer(byte[] body) {
            try {
                var begun = scram;
                if (begun == null) return new Continue(begin(body));
                return begun.last(body).<Outcome>map(Right::new).orElseGet(Wrong::new);
            } catch (ScramException broken) {
                return new Broken(String.valueOf(broken.getMessage()));
            }
        }

        /** SASLInitialResponse: the mechanism's name, the length of the data, the data. */
        private byte[] begin(byte[] body) throws ScramException {
            int end = 0;
            while (end < body.length && body[end] != 0) end++;
            var mechanism = new String(body, 0, end, StandardCharsets.US_ASCII);
            if (!mechanism.equals(ScramServer.MECHANISM))
                throw new ScramException("client selected an invalid SASL authentication mechanism");
            int data = end + 5;
            if (data > body.length || ByteBuffer.wrap(body).getInt(end + 1) != body.length - data)
                throw new ScramException("malformed SASLInitialResponse");
            var exchange = new ScramServer(
                    verifiers.of(user, stored), Base64.getEncoder().encodeToString(random(18)));
            scram = exchange;
            return exchange.first(Arrays.copyOfRange(body, data, body.length));
        }
    }

    private static byte[] random(int length) {
        var bytes = new byte[length];
        Randomness.SECURE.nextBytes(bytes);
        return bytes;
    }

    /** One generator for all: it is thread-safe, and seeding is slow. */
    final class Randomness {
        private static final SecureRandom SECURE = new SecureRandom();

        private Randomness() {}
    }
}
