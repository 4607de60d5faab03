package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.secrets.PasswordJudge;
import org.pgdrover.protocol.codec.BackendMessages;

/// AuthenticationCleartextPassword, judged by what is stored.
final class ClearTextExchange implements LoginExchange {
    private final String user;
    private final Optional<StoredPassword> stored;
    private final PasswordJudge judge;
    private @Nullable String password;

    ClearTextExchange(String user, Optional<StoredPassword> stored, PasswordJudge judge) {
        this.user = user;
        this.stored = stored;
        this.judge = judge;
    }

    @Override
    public void ask(ByteBuf out) {
        BackendMessages.authenticationCleartextPassword(out);
    }

    /// Whatever is stored, for the time that it takes must not tell.
    @Override
    public Effort effort() {
        return Effort.CALCULATES;
    }

    @Override
    public Outcome answer(byte[] body) {
        password = LoginExchange.text(body);
        if (password == null) return LoginExchange.malformed();
        return password.isEmpty() ? LoginExchange.empty() : judge(stored);
    }

    private Outcome judge(Optional<StoredPassword> known) {
        var verdict = judge.judge(user, known, password == null ? "" : password);
        return verdict.right() ? new Outcome.Proved(null, verdict.keys()) : Outcome.WRONG;
    }

    @Override
    public Outcome again(Optional<StoredPassword> fresh) {
        return fresh.equals(stored) ? Outcome.WRONG : judge(fresh);
    }
}
