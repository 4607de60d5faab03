package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.Md5;
import org.pgdrover.auth.StoredPassword.Plain;
import org.pgdrover.auth.StoredPassword.ScramVerifier;
import org.pgdrover.auth.users.Md5Password;
import org.pgdrover.protocol.codec.BackendMessages;

/// AuthenticationMD5Password.
final class Md5Exchange implements LoginExchange {
    private final String user;
    private final Optional<StoredPassword> stored;
    private final byte[] salt;
    private @Nullable String answer;

    /// @param salt 4 bytes, never used before
    Md5Exchange(String user, Optional<StoredPassword> stored, byte[] salt) {
        this.user = user;
        this.stored = stored;
        this.salt = salt.clone();
    }

    @Override
    public void ask(ByteBuf out) {
        BackendMessages.authenticationMd5Password(out, salt);
    }

    @Override
    public Effort effort() {
        return Effort.LITTLE;
    }

    @Override
    public Outcome answer(byte[] body) {
        answer = LoginExchange.text(body);
        if (answer == null) return LoginExchange.malformed();
        return answer.isEmpty() ? LoginExchange.empty() : judge(stored);
    }

    /// An unknown user's answer is compared as well, with one that cannot be right.
    private Outcome judge(Optional<StoredPassword> known) {
        var digest = switch (known.orElse(null)) {
            case Md5 md5 -> md5.digest();
            case Plain plain -> Md5Password.digest(plain.password(), user);
            case ScramVerifier unusable -> "";
            case null -> "";
        };
        boolean fits = Md5Password.verify(digest, salt, answer == null ? "" : answer);
        boolean isEmpty = known.orElse(null) instanceof Plain(var password) && password.isEmpty();
        return fits && !digest.isEmpty() && !isEmpty ? Outcome.PROVED : Outcome.WRONG;
    }

    @Override
    public Outcome again(Optional<StoredPassword> fresh) {
        return judge(fresh);
    }
}
