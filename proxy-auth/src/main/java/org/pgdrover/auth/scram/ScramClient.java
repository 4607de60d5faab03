package org.pgdrover.auth.scram;

import com.ongres.scram.common.exception.ScramParseException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The client's side of one SCRAM-SHA-256 exchange with a server (RFC 5802, RFC 7677).
///
/// ```
///   [#first] --> server-first; [#last] --> server-final; [#verify]
/// ```
public final class ScramClient {
    /// What the exchange proves the knowledge of: keys for the salt that the server names.
    @FunctionalInterface
    public interface Proof {
        /// @throws ScramException if there are no keys for this salt and number of iterations
        ScramKeys keys(byte[] salt, int iterations) throws ScramException;
    }

    /// PostgreSQL ignores the user's name in the exchange, but the RFC wants one.
    private static final String ANY_USER = "*";

    private static final char[] NO_PASSWORD = {'-'};

    /// More than this is an attack on whoever derives keys.
    private static final int MOST_ITERATIONS = 10_000_000;

    private final Proof proof;
    private final @Nullable ChannelBinding binding;
    private final List<String> offered;
    private final com.ongres.scram.client.ScramClient opening;
    private com.ongres.scram.client.@Nullable ScramClient exchange;
    private String nonce = "";

    /// @param binding null where there is no TLS; it is used if the server offers it, and if not, the
    /// server is told that it could have been
    /// @param offered the server's mechanisms
    /// @throws ScramException if none of them is SCRAM-SHA-256, with or without channel binding
    public ScramClient(Proof proof, @Nullable ChannelBinding binding, List<String> offered) throws ScramException {
        this.proof = proof;
        this.binding = binding;
        this.offered = offered.stream()
                .filter(each -> each.equals(ScramServer.MECHANISM) || each.equals(ScramServer.MECHANISM_PLUS))
                .toList();
        boolean usable = this.offered.contains(ScramServer.MECHANISM) || (binding != null && !this.offered.isEmpty());
        if (!usable)
            throw new ScramException("the server offers " + offered + " (expected: " + ScramServer.MECHANISM + ")");
        this.opening = build(prepare().password(NO_PASSWORD));
    }

    /// Proves a password of the user list.
    public static Proof ofStored(String password, ScramDerivation derivation) {
        return (salt, iterations) -> derivation.ofStored(password, salt, iterations);
    }

    /// Proves keys that a client's own proof has yielded.
    public static Proof ofKeys(ScramKeys keys) {
        return (salt, iterations) -> {
            if (keys.fit(salt, iterations)) return keys;
            throw new ScramException("the server has another SCRAM verifier than the one the client was checked with");
        };
    }

    private com.ongres.scram.client.ScramClient.PasswordBuildStage prepare() {
        return com.ongres.scram.client.ScramClient.builder()
                .advertisedMechanisms(offered)
                .username(ANY_USER);
    }

    private com.ongres.scram.client.ScramClient build(com.ongres.scram.client.ScramClient.FinalBuildStage stage) {
        return (binding == null ? stage : stage.channelBinding(ChannelBinding.TYPE, binding.data())).build();
    }

    public String mechanism() {
        return opening.getScramMechanism().getName();
    }

    public byte[] first() {
        var first = opening.clientFirstMessage();
        nonce = first.getClientNonce();
        return message(first.toString());
    }

    /// May derive keys from a password, which takes milliseconds: not for an event loop.
    public byte[] last(byte[] serverFirst) throws ScramException {
        var text = new String(serverFirst, StandardCharsets.UTF_8);
        try {
            var parsed = opening.serverFirstMessage(text);
            if (parsed.getIterationCount() > MOST_ITERATIONS)
                throw new ScramException("SCRAM iterations: " + parsed.getIterationCount() + " (expected: at most "
                        + MOST_ITERATIONS + ")");
            var keys = proof.keys(Base64.getDecoder().decode(parsed.getSalt()), parsed.getIterationCount());
            // The same exchange again, now that its keys are known.
            var proving = build(prepare()
                    .clientAndServerKey(keys.clientKey(), keys.serverKey())
                    .nonceSupplier(() -> nonce));
            proving.clientFirstMessage();
            proving.serverFirstMessage(text);
            exchange = proving;
            return message(proving.clientFinalMessage().toString());
        } catch (ScramParseException | RuntimeException failure) {
            throw new ScramException("SCRAM: " + failure.getMessage());
        }
    }

    /// Checks that the server knows the password too.
    public void verify(byte[] serverFinal) throws ScramException {
        if (exchange == null) throw new ScramException("SCRAM: server-final-message before server-first-message");
        try {
            exchange.serverFinalMessage(new String(serverFinal, StandardCharsets.UTF_8));
        } catch (com.ongres.scram.common.exception.ScramException | RuntimeException failure) {
            throw new ScramException(
                    "SCRAM: the server did not prove that it knows the password: " + failure.getMessage());
        }
    }

    private static byte[] message(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
