package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.StoredPassword.ScramVerifier;
import org.pgdrover.auth.scram.ScramClient;
import org.pgdrover.auth.scram.ScramException;
import org.pgdrover.auth.scram.ScramServer;
import org.pgdrover.auth.users.Md5Password;
import org.pgdrover.protocol.codec.FrontendMessages;

/**
 * Answers one server's Authentication messages with what is stored of the user's password (PostgreSQL manual, section 54.2.1).
 *
 * <p>Confined to the channel's event loop; keys are derived on a virtual thread.
 */
final class ServerAuthentication {
    private final ServerTarget target;
    private final PasswordStore passwords;
    private final Supplier<@Nullable X509Certificate> certificate;
    private @Nullable ScramClient scram;
    private boolean verified = true;

    /** @param certificate the server's, once the login has begun; null if the connection is not encrypted */
    ServerAuthentication(
            ServerTarget target, PasswordStore passwords, Supplier<@Nullable X509Certificate> certificate) {
        this.target = target;
        this.passwords = passwords;
        this.certificate = certificate;
    }

    /**
     * @param body what follows the header of an Authentication message; borrowed
     * @param send gets the message to answer with, on the loop
     * @param fail gets the reason if there is no answer, on the loop
     */
    void answer(ByteBuf body, Executor loop, Consumer<ByteBuf> send, Consumer<String> fail) {
        int code = body.getInt(0);
        var data = ByteBufUtil.getBytes(body, 4, body.readableBytes() - 4);
        switch (code) {
            case 0 -> {
                if (!verified) fail.accept("the server ended SCRAM without proving that it knows the password");
            }
            case 3 -> withPassword(loop, fail, "password", stored -> clearText(stored, send, fail));
            case 5 -> withPassword(loop, fail, "md5", stored -> md5(stored, data, send, fail));
            case 10 -> withPassword(loop, fail, "scram-sha-256", stored -> scramFirst(stored, data, send, fail));
            case 11 -> scramLast(data, loop, send, fail);
            case 12 -> scramVerify(data, fail);
            default ->
                fail.accept(
                        "the node asks for authentication method " + code
                                + ", which is not supported (expected: trust, password, md5 or scram-sha-256 in its pg_hba.conf)");
        }
    }

    private void withPassword(Executor loop, Consumer<String> fail, String method, Consumer<StoredPassword> use) {
        passwords
                .find(target.user())
                .whenCompleteAsync((found, failure) -> use(found, failure, fail, method, use), loop);
    }

    private void use(
            @Nullable Optional<StoredPassword> found,
            @Nullable Throwable failure,
            Consumer<String> fail,
            String method,
            Consumer<StoredPassword> use) {
        if (failure != null || found == null) fail.accept("the password cannot be looked up: " + failure);
        else if (found.isEmpty())
            fail.accept("the node asks for a password (" + method + ") and the user list has none: add the user to it");
        else use.accept(found.get());
    }

    private static void clearText(StoredPassword stored, Consumer<ByteBuf> send, Consumer<String> fail) {
        if (!(stored instanceof Plain plain)) {
            fail.accept(unusable("password"));
            return;
        }
        var out = Unpooled.buffer();
        FrontendMessages.password(out, plain.password());
        send.accept(out);
    }

    private void md5(StoredPassword stored, byte[] salt, Consumer<ByteBuf> send, Consumer<String> fail) {
        switch (stored) {
            case Plain plain -> sendMd5(Md5Password.digest(plain.password(), target.user()), salt, send);
            case Md5 md5 -> sendMd5(md5.digest(), salt, send);
            case ScramVerifier ignored -> fail.accept(unusable("md5"));
        }
    }

    private static void sendMd5(String digest, byte[] salt, Consumer<ByteBuf> send) {
        var out = Unpooled.buffer();
        FrontendMessages.password(out, Md5Password.answer(digest, salt));
        send.accept(out);
    }

    private void scramFirst(StoredPassword stored, byte[] offer, Consumer<ByteBuf> send, Consumer<String> fail) {
        var mechanisms = List.of(new String(offer, StandardCharsets.US_ASCII).split("\0"));
        if (!mechanisms.contains(ScramServer.MECHANISM)) {
            fail.accept("the node offers " + mechanisms + " (expected: " + ScramServer.MECHANISM + ")");
        } else if (stored instanceof Plain plain) {
            verified = false;
            scram = new ScramClient(plain.password());
            var out = Unpooled.buffer();
            FrontendMessages.saslInitialResponse(out, ScramServer.MECHANISM, scram.first());
            send.accept(out);
        } else {
            fail.accept(unusable("scram-sha-256"));
        }
    }

    private static String unusable(String method) {
        return "the node asks for " + method
                + ", which cannot be answered with the hashed secret in the user list: store the plain password there";
    }

    private void scramLast(byte[] serverFirst, Executor loop, Consumer<ByteBuf> send, Consumer<String> fail) {
        var exchange = scram;
        if (exchange == null) {
            fail.accept("AuthenticationSASLContinue before AuthenticationSASL");
            return;
        }
        Thread.ofVirtual().name("pgdrover-scram").start(() -> {
            try {
                var answer = exchange.last(serverFirst);
                loop.execute(() -> sendResponse(answer, send));
            } catch (ScramException wrong) {
                loop.execute(() -> fail.accept(String.valueOf(wrong.getMessage())));
            }
        });
    }

    private static void sendResponse(byte[] answer, Consumer<ByteBuf> send) {
        var out = Unpooled.buffer();
        FrontendMessages.saslResponse(out, answer);
        send.accept(out);
    }

    private void scramVerify(byte[] serverFinal, Consumer<String> fail) {
        try {
            if (scram == null) throw new ScramException("AuthenticationSASLFinal before AuthenticationSASL");
            scram.verify(serverFinal);
            verified = true;
        } catch (ScramException wrong) {
            fail.accept(String.valueOf(wrong.getMessage()));
        }
    }
}
