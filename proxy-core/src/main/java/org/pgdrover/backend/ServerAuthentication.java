package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.scram.ChannelBinding;
import org.pgdrover.auth.scram.ScramClient;
import org.pgdrover.auth.scram.ScramException;
import org.pgdrover.auth.secrets.ServerSecret;
import org.pgdrover.auth.users.Md5Password;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.FrontendMessages;

/// Answers one server's Authentication messages with what can be proved in the user's name (PostgreSQL
/// manual, section 54.2.1).
///
/// Confined to the channel's event loop; keys are derived elsewhere.
final class ServerAuthentication {
    private final ServerTarget target;
    private final ServerLoginMaterial material;
    private final Supplier<@Nullable X509Certificate> certificate;
    private @Nullable ServerSecret shown;
    private @Nullable ScramClient scram;
    private boolean verified = true;

    /// @param certificate the server's, once the login has begun; null if the connection is not
    /// encrypted
    ServerAuthentication(
            ServerTarget target, ServerLoginMaterial material, Supplier<@Nullable X509Certificate> certificate) {
        this.target = target;
        this.material = material;
        this.certificate = certificate;
    }

    /// @param body what follows the header of an Authentication message; borrowed
    /// @param send gets the message to answer with, on the loop
    /// @param fail gets the reason if there is no answer, on the loop
    void answer(ByteBuf body, Executor loop, Consumer<ByteBuf> send, Consumer<String> fail) {
        int code = body.getInt(0);
        var data = ByteBufUtil.getBytes(body, 4, body.readableBytes() - 4);
        switch (code) {
            case 0 -> {
                if (!verified) fail.accept("the server ended SCRAM without proving that it knows the password");
            }
            case 3 -> withSecret(loop, fail, "password", secret -> clearText(secret, send, fail));
            case 5 -> withSecret(loop, fail, "md5", secret -> md5(secret, data, send, fail));
            case 10 -> withSecret(loop, fail, "scram-sha-256", secret -> scramFirst(secret, data, send, fail));
            case 11 -> scramLast(data, loop, send, fail);
            case 12 -> scramVerify(data, fail);
            default ->
                fail.accept(
                        "authentication method " + code
                                + " not supported (expected: trust, password, md5, scram-sha-256 or cert in the node's pg_hba.conf)");
        }
    }

    /// The server has ended the login with an error: what was shown to it is not shown again if it was
    /// that.
    void refused(String sqlState) {
        if (shown != null && sqlState.equals(SqlState.INVALID_PASSWORD))
            material.secrets().refused(target.user(), shown);
    }

    private void withSecret(Executor loop, Consumer<String> fail, String method, Consumer<ServerSecret> use) {
        material.secrets()
                .find(target.user())
                .whenCompleteAsync((found, failure) -> use(found, failure, fail, method, use), loop);
    }

    private void use(
            @Nullable Optional<ServerSecret> found,
            @Nullable Throwable failure,
            Consumer<String> fail,
            String method,
            Consumer<ServerSecret> use) {
        if (failure != null || found == null) {
            fail.accept("the password cannot be looked up: " + failure);
        } else if (found.isEmpty()) {
            fail.accept("the node asks for a password (" + method
                    + "), and none is known: add the user to the user list, or let it log in to the proxy with SCRAM"
                    + " (auth.query), which yields what is needed; its next login does so after a change of password");
        } else {
            shown = found.get();
            use.accept(found.get());
        }
    }

    private void clearText(ServerSecret secret, Consumer<ByteBuf> send, Consumer<String> fail) {
        if (!(secret instanceof ServerSecret.Plain(var password))) {
            fail.accept(unusable("password"));
        } else if (certificate.get() == null && !material.clearText()) {
            fail.accept(
                    "the node asks for the password in clear text over a connection that is not encrypted:"
                            + " use scram-sha-256 in its pg_hba.conf, set cluster.tls.mode, or auth.clear-text-to-servers = true");
        } else {
            var out = Unpooled.buffer();
            FrontendMessages.password(out, password);
            send.accept(out);
        }
    }

    private void md5(ServerSecret secret, byte[] salt, Consumer<ByteBuf> send, Consumer<String> fail) {
        switch (secret) {
            case ServerSecret.Plain(var password) -> sendMd5(Md5Password.digest(password, target.user()), salt, send);
            case ServerSecret.Md5(var digest) -> sendMd5(digest, salt, send);
            case ServerSecret.Keys ignored -> fail.accept(unusable("md5"));
        }
    }

    private static void sendMd5(String digest, byte[] salt, Consumer<ByteBuf> send) {
        var out = Unpooled.buffer();
        FrontendMessages.password(out, Md5Password.answer(digest, salt));
        send.accept(out);
    }

    private void scramFirst(ServerSecret secret, byte[] offer, Consumer<ByteBuf> send, Consumer<String> fail) {
        var mechanisms = List.of(new String(offer, StandardCharsets.US_ASCII).split("\0"));
        var proof = switch (secret) {
            case ServerSecret.Plain(var password) -> ScramClient.ofStored(password, material.derivation());
            case ServerSecret.Keys(var keys) -> ScramClient.ofKeys(keys);
            case ServerSecret.Md5 ignored -> null;
        };
        if (proof == null) {
            fail.accept(unusable("scram-sha-256"));
            return;
        }
        try {
            var exchange = new ScramClient(proof, ChannelBinding.of(certificate.get()), mechanisms);
            scram = exchange;
            verified = false;
            var out = Unpooled.buffer();
            FrontendMessages.saslInitialResponse(out, exchange.mechanism(), exchange.first());
            send.accept(out);
        } catch (ScramException impossible) {
            fail.accept(String.valueOf(impossible.getMessage()));
        }
    }

    private static String unusable(String method) {
        return "the node asks for " + method
                + ", which cannot be answered with what is stored of the user's password: store the plain password in the"
                + " user list, or the form that the node asks for";
    }

    private void scramLast(byte[] serverFirst, Executor loop, Consumer<ByteBuf> send, Consumer<String> fail) {
        var exchange = scram;
        if (exchange == null) {
            fail.accept("AuthenticationSASLContinue before AuthenticationSASL");
            return;
        }
        try {
            material.hashing().execute(() -> {
                try {
                    var answer = exchange.last(serverFirst);
                    loop.execute(() -> sendResponse(answer, send));
                } catch (ScramException wrong) {
                    loop.execute(() -> {
                        refused(SqlState.INVALID_PASSWORD);
                        fail.accept(String.valueOf(wrong.getMessage()));
                    });
                }
            });
        } catch (RejectedExecutionException full) {
            fail.accept("too many logins at once");
        }
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
