package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.hba.HbaMatch;
import org.pgdrover.auth.hba.HbaRule;
import org.pgdrover.auth.scram.ChannelBinding;
import org.pgdrover.auth.scram.ScramKeys;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.frontend.login.LoginExchange.Effort;
import org.pgdrover.frontend.login.LoginExchange.Outcome;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets a client prove who it is (PostgreSQL manual, section 54.2.1). The first matching rule of
/// `pool_hba.conf` says in which way.
///
/// ```
///   rule found --certificate missing or another's, reject, or no rule----> refused
///              --trust, cert, peer---------------------------------------> next phase
///              --others--> password looked up --> exchange --proved------> next phase
///                                                     |  --identified, and the map permits the user--> next phase
///                                                     \--wrong--> password read anew --> judged again --> next phase,
/// or refused after a delay
/// ```
///
/// Whatever waits or calculates for long runs elsewhere and comes back to the client's event loop;
/// meanwhile the client is not read. What takes microseconds, as SCRAM does when the verifier is at
/// hand, runs where it is: each way to another thread and back costs more.
final class AuthenticationPhase implements Phase {
    private static final Logger log = LoggerFactory.getLogger(AuthenticationPhase.class);
    private static final int FRAME_LIMIT = 1 << 17;

    private final ClientConnection client;
    private final StartupRequest request;
    private final Authentication authentication;
    private final ClientIdentity identity;
    private final LoginWork work;
    private AuthenticationMethod method = AuthenticationMethod.REJECT;
    private @Nullable HbaRule rule;
    private @Nullable LoginExchange exchange;
    private @Nullable MessageDecoder decoder;
    private boolean over;

    AuthenticationPhase(ClientConnection client, StartupRequest request, Authentication authentication) {
        this.client = client;
        this.request = request;
        this.authentication = authentication;
        this.work = new LoginWork(client, this::isOver);
        this.identity = new ClientIdentity(client, request, authentication.policy());
    }

    @Override
    public void onEnter() {
        if (identity.mayWait()) elsewhere(authentication.proofs().waiting(), identity::match, this::matched);
        else matched(identity.match());
    }

    private void matched(HbaMatch match) {
        switch (match) {
            case HbaMatch.Matched(var found) -> matched(found);
            case HbaMatch.NoEntry() ->
                refuse(SqlState.INVALID_AUTHORIZATION, "no pool_hba.conf entry for " + identity.describe());
            case HbaMatch.Undecided(var why) -> refuse(SqlState.INVALID_AUTHORIZATION, why);
        }
    }

    private void matched(HbaRule found) {
        rule = found;
        method = found.method();
        switch (identity.certificate(found)) {
            case MISSING -> refuse(SqlState.INVALID_AUTHORIZATION, "connection requires a valid client certificate");
            case ANOTHERS -> wrong();
            case UNDECIDED -> refuse(SqlState.INVALID_AUTHORIZATION, ClientIdentity.ROLES_UNKNOWN);
            case RIGHT -> apply(found);
        }
    }

    private void apply(HbaRule found) {
        switch (found.method()) {
            case TRUST, CERT -> succeed(null);
            case REJECT ->
                refuse(SqlState.INVALID_AUTHORIZATION, "pool_hba.conf rejects connection for " + identity.describe());
            case PEER -> peer(found);
            case LDAP, OAUTH -> begin(authentication.proofs().exchanges().ofOther(found, request.user()));
            case PASSWORD, MD5, SCRAM_SHA_256 -> lookUp(found);
            case SCRAM_SHA_256_PLUS -> {
                if (ChannelBinding.of(client.encryption().localCertificate()) != null) lookUp(found);
                else
                    refuse(
                            SqlState.INVALID_AUTHORIZATION,
                            "channel binding is required, and this connection has nothing to bind to: connect with sslmode=require");
            }
        }
    }

    private void peer(HbaRule found) {
        var name = authentication.policy().peers().apply(client.channel());
        if (name == null) refuse(SqlState.INVALID_AUTHORIZATION, "the operating system does not say who the peer is");
        else identified(found, name);
    }

    private void identified(HbaRule found, String systemName) {
        switch (identity.permits(found, systemName)) {
            case RIGHT -> succeed(null);
            case UNDECIDED -> refuse(SqlState.INVALID_AUTHORIZATION, ClientIdentity.ROLES_UNKNOWN);
            case MISSING, ANOTHERS -> {
                log.atInfo()
                        .addKeyValue("client", client.id())
                        .log("\"{}\" may not be user \"{}\"", systemName, request.user());
                wrong();
            }
        }
    }

    // Exchanges

    private void lookUp(HbaRule found) {
        work.whenKnown(
                authentication.proofs().passwords().find(request.user()),
                stored -> begin(authentication
                        .proofs()
                        .exchanges()
                        .ofPassword(
                                found.method(),
                                request.user(),
                                stored,
                                client.encryption().localCertificate())),
                this::cannotLookUp);
    }

    private void cannotLookUp(Throwable failure) {
        log.atWarn()
                .addKeyValue("user", request.user())
                .addKeyValue("reason", failure.getMessage())
                .log("a password could not be looked up");
        refuse(SqlState.CANNOT_CONNECT_NOW, "passwords cannot be looked up now: try again in a moment");
    }

    private void begin(LoginExchange chosen) {
        if (isOver()) return;
        exchange = chosen;
        decoder = new MessageDecoder(chosen.messages(), client.channel().alloc(), FRAME_LIMIT);
        var out = client.newBuffer(64);
        chosen.ask(out);
        client.read(true);
        client.writeAndFlush(out);
    }

    @Override
    public void onRead(ByteBuf in) {
        try {
            var asked = exchange;
            var messages = decoder;
            if (!in.isReadable()) return;
            if (asked == null || messages == null) throw new ProtocolViolation("received data before it was asked for");
            read(asked, messages, in);
        } finally {
            in.release();
        }
    }

    /// The first byte says whether it is an answer at all.
    private void read(LoginExchange asked, MessageDecoder messages, ByteBuf in) {
        int type = in.getUnsignedByte(in.readerIndex());
        if (!messages.insideMessage() && type != MessageType.PASSWORD)
            throw new ProtocolViolation("expected " + asked.expects() + " response, got message type " + type);
        try {
            switch (messages.next(in)) {
                case NEED_MORE -> {}
                case FRAME -> answered(asked, messages, in);
                case LARGE_FRAME, RUN -> throw new IllegalStateException("longer than a login's message can be");
            }
        } catch (ProtocolViolation length) {
            if (length.isAnswered() || !asked.isSasl()) throw length;
            refuse(SqlState.INVALID_PASSWORD, wrongPassword());
        }
    }

    private void answered(LoginExchange asked, MessageDecoder decoder, ByteBuf in) {
        if (in.isReadable()) throw new ProtocolViolation("received data before it was asked for");
        int body = decoder.start() + 5;
        var answer = ByteBufUtil.getBytes(decoder.buffer(), body, decoder.end() - body);
        // It may be a password, and the buffer will be somebody else's.
        decoder.buffer().setZero(body, decoder.end() - body);
        judge(
                asked,
                () -> {
                    try {
                        return asked.answer(answer);
                    } finally {
                        Arrays.fill(answer, (byte) 0);
                    }
                },
                this::after);
    }

    private void judge(LoginExchange asked, Supplier<Outcome> judgement, Consumer<Outcome> then) {
        switch (asked.effort()) {
            case LITTLE -> work.here(judgement, then);
            case CALCULATES -> elsewhere(authentication.proofs().hashing(), judgement, then);
            case WAITS -> elsewhere(authentication.proofs().waiting(), judgement, then);
        }
    }

    private void after(Outcome outcome) {
        if (isOver()) return;
        switch (outcome) {
            case Outcome.Continue(var data) -> {
                var out = client.newBuffer(16 + data.length);
                BackendMessages.authenticationSaslContinue(out, data);
                client.read(true);
                client.writeAndFlush(out);
            }
            case Outcome.Proved(var saslFinal, var keys) -> {
                if (saslFinal != null) {
                    var out = client.newBuffer(16 + saslFinal.length);
                    BackendMessages.authenticationSaslFinal(out, saslFinal);
                    client.write(out);
                }
                succeed(keys);
            }
            case Outcome.Identified(var systemName) -> {
                if (rule != null) identified(rule, systemName);
            }
            case Outcome.Wrong() -> reread();
            case Outcome.Failed(var sqlState, var message) -> refuseLater(sqlState, message);
            case Outcome.Broken(var why) -> refuse(SqlState.PROTOCOL_VIOLATION, why);
        }
    }

    /// The password may have been changed since it was remembered: looks once more, whoever the user is.
    private void reread() {
        var asked = exchange;
        if (asked == null || asked.effort() == Effort.WAITS) {
            wrong();
            return;
        }
        exchange = null;
        work.whenKnown(
                authentication.proofs().passwords().reread(request.user()),
                stored -> judge(asked, () -> asked.again(stored), outcome -> {
                    if (outcome instanceof Outcome.Wrong) wrong();
                    else after(outcome);
                }),
                failure -> wrong());
    }

    // The end

    private void succeed(@Nullable ScramKeys keys) {
        over = true;
        closeDecoder();
        var out = client.newBuffer(16);
        BackendMessages.authenticationOk(out);
        client.read(true);
        client.write(out);
        if (request.mistake() instanceof ErrorFields mistake) {
            client.closeWith(mistake, DisconnectReason.LOGIN_REFUSED);
            return;
        }
        client.become(authentication.next().next(client, request, keys));
        client.flush(); // with all that the next phase had to say at once
    }

    private <T> void elsewhere(Executor where, Supplier<T> task, Consumer<T> then) {
        work.elsewhere(
                where,
                task,
                then,
                () -> refuse(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many logins at once: try again in a moment"));
    }

    /// Not the one that it says, in PostgreSQL's words.
    private void wrong() {
        var user = failed();
        switch (method) {
            case PASSWORD, MD5, SCRAM_SHA_256, SCRAM_SHA_256_PLUS ->
                refuseLater(SqlState.INVALID_PASSWORD, wrongPassword());
            case LDAP -> refuseLater(SqlState.INVALID_AUTHORIZATION, "LDAP authentication " + user);
            case CERT -> refuseLater(SqlState.INVALID_AUTHORIZATION, "certificate authentication " + user);
            case PEER -> refuseLater(SqlState.INVALID_AUTHORIZATION, "Peer authentication " + user);
            case OAUTH -> refuseLater(SqlState.INVALID_AUTHORIZATION, "OAuth bearer authentication " + user);
            case TRUST -> refuseLater(SqlState.INVALID_AUTHORIZATION, "\"trust\" authentication " + user);
            case REJECT -> refuseLater(SqlState.INVALID_AUTHORIZATION, "authentication " + user + ": host rejected");
        }
    }

    private String wrongPassword() {
        return "password authentication " + failed();
    }

    private String failed() {
        return "failed for user \"" + request.user() + "\"";
    }

    /// Whoever guesses has to wait longer each time.
    private void refuseLater(String sqlState, String message) {
        if (isOver()) return;
        client.read(false);
        client.schedule(() -> refuse(sqlState, message), authentication.guard().failed(client.address()));
    }

    private void refuse(String sqlState, String message) {
        if (isOver()) return;
        over = true;
        log.atInfo()
                .addKeyValue("client", client.id())
                .addKeyValue("user", request.user())
                .addKeyValue("database", request.database())
                .addKeyValue("rule", rule == null ? "none" : rule.file() + ":" + rule.line())
                .log("login refused: {}", message);
        client.closeWith(ErrorFields.fatal(sqlState, message), DisconnectReason.LOGIN_REFUSED);
    }

    private boolean isOver() {
        return over || !client.isOpen();
    }

    @Override
    public void onClosed() {
        over = true;
        closeDecoder();
    }

    private void closeDecoder() {
        if (decoder != null) decoder.close();
    }
}
