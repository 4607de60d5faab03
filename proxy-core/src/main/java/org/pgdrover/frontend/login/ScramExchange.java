package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ChannelBinding;
import org.pgdrover.auth.scram.ScramException;
import org.pgdrover.auth.scram.ScramServer;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageTable;

/// AuthenticationSASL with SCRAM-SHA-256, under TLS with channel binding too.
final class ScramExchange implements LoginExchange {
    private final String user;
    private final Optional<StoredPassword> stored;
    private final ScramVerifiers verifiers;
    private final String nonce;
    private final @Nullable ChannelBinding binding;
    private final boolean onlyBound;
    private @Nullable ScramServer begun;

    /// @param nonce printable ASCII without a comma, never used before
    /// @param binding null where there is nothing to bind the exchange to
    /// @param onlyBound whether a client without channel binding is refused; then there must be one
    ScramExchange(
            String user,
            Optional<StoredPassword> stored,
            ScramVerifiers verifiers,
            String nonce,
            @Nullable ChannelBinding binding,
            boolean onlyBound) {
        this.user = user;
        this.stored = stored;
        this.verifiers = verifiers;
        this.nonce = nonce;
        this.binding = binding;
        this.onlyBound = onlyBound;
    }

    private List<String> offer() {
        if (binding == null) return List.of(ScramServer.MECHANISM);
        return onlyBound
                ? List.of(ScramServer.MECHANISM_PLUS)
                : List.of(ScramServer.MECHANISM_PLUS, ScramServer.MECHANISM);
    }

    @Override
    public MessageTable messages() {
        return MessageTable.SASL;
    }

    @Override
    public boolean isSasl() {
        return true;
    }

    @Override
    public void ask(ByteBuf out) {
        BackendMessages.authenticationSasl(out, offer());
    }

    /// The client has done the work; only a plain password that is met for the first time makes some for
    /// us.
    @Override
    public Effort effort() {
        return begun != null || verifiers.areAtHand(stored) ? Effort.LITTLE : Effort.CALCULATES;
    }

    @Override
    public Outcome answer(byte[] body) {
        try {
            var exchange = begun;
            if (exchange == null) return begin(body);
            return exchange.last(body)
                    .<Outcome>map(proved -> new Outcome.Proved(proved.serverFinal(), proved.keys()))
                    .orElse(Outcome.WRONG);
        } catch (ScramException broken) {
            return new Outcome.Broken(String.valueOf(broken.getMessage()));
        }
    }

    private Outcome begin(byte[] body) throws ScramException {
        var initial = SaslInitialResponse.read(body);
        if (initial == null) return new Outcome.Broken("malformed SASLInitialResponse");
        if (!offer().contains(initial.mechanism()))
            return new Outcome.Broken("client selected an invalid SASL authentication mechanism");
        var exchange = new ScramServer(verifiers.of(user, stored), nonce, binding);
        begun = exchange;
        return new Outcome.Continue(exchange.first(initial.mechanism(), initial.data()));
    }
}
