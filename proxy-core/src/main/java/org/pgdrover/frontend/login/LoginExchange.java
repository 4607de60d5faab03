package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.scram.ScramKeys;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.MessageTable;

/// A client's exchange with us about who it is, in one of several ways. [#effort] tells where an answer
/// can be judged.
sealed interface LoginExchange permits ClearTextExchange, DirectoryExchange, Md5Exchange, OAuthExchange, ScramExchange {
    /// What it takes to judge the next answer.
    enum Effort {
        /// Some microseconds: the event loop may do it.
        LITTLE,
        /// A processor, for milliseconds.
        CALCULATES,
        /// Another system.
        WAITS
    }

    /// What a client's answer led to.
    sealed interface Outcome {
        /// AuthenticationSASLContinue with this data.
        record Continue(byte[] data) implements Outcome {}

        /// The client is who it says.
        ///
        /// @param saslFinal data of AuthenticationSASLFinal, which comes first; null if there is none
        /// @param keys what its proof has yielded, if anything
        record Proved(byte @Nullable [] saslFinal, @Nullable ScramKeys keys) implements Outcome {}

        /// The client is somebody whom another system knows by this name; whether that may be the
        /// database user is another question.
        record Identified(String systemName) implements Outcome {}

        /// Not the one that it says.
        record Wrong() implements Outcome {}

        /// Nobody can tell.
        record Failed(String sqlState, String message) implements Outcome {}

        /// The client broke the protocol.
        record Broken(String why) implements Outcome {}

        /// Proved, with nothing else to say.
        Outcome PROVED = new Proved(null, null);

        Outcome WRONG = new Wrong();
    }

    /// Which messages of the client are taken, and how long they may be.
    default MessageTable messages() {
        return MessageTable.PASSWORD;
    }

    /// Whether the client answers by SASL, and not with a password.
    default boolean isSasl() {
        return false;
    }

    /// The client's answer in PostgreSQL's words.
    default String expects() {
        return isSasl() ? "SASL" : "password";
    }

    /// Writes the message that the exchange begins with.
    void ask(ByteBuf out);

    /// @param body of the client's message, without the header; not kept
    Outcome answer(byte[] body);

    /// Judges the last answer again, by a password that was stored meanwhile.
    default Outcome again(Optional<StoredPassword> stored) {
        return Outcome.WRONG;
    }

    /// What [#answer] or [#again] will take when it is called next.
    Effort effort();

    /// The text of a PasswordMessage, or null if it does not end where it should.
    static @Nullable String text(byte[] body) {
        if (body.length == 0 || body[body.length - 1] != 0) return null;
        for (int i = 0; i < body.length - 1; i++) if (body[i] == 0) return null;
        return new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
    }

    /// What a PasswordMessage without its end leads to.
    static Outcome malformed() {
        return new Outcome.Broken("invalid password packet size");
    }

    /// PostgreSQL refuses an empty password before it looks at anything.
    static Outcome empty() {
        return new Outcome.Failed(SqlState.INVALID_PASSWORD, "empty password returned by client");
    }
}
