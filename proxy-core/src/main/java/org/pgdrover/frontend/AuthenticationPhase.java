package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.hba.HbaMatch;
import org.pgdrover.auth.hba.HbaRequest;
import org.pgdrover.auth.hba.HbaRule;
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.RoleMemberships;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageTable;
import org.pgdrover.protocol.codec.MessageType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a client prove who it is, in the way that the first matching rule of <code>pool_hba.conf</code> asks for (PostgreSQL manual, section
 * 54.2.1).
 *
 * <pre>
 *   rule found --trust--------------------------------------------------> WelcomePhase
 *              --reject, or no rule-------------------------------------> refused
 *              --others--> password looked up --> exchange --right------> WelcomePhase
 *                                                          --wrong------> refused
 * </pre>
 */
final class AuthenticationPhase implements Phase {
    private static final Logger log = LoggerFactory.getLogger(AuthenticationPhase.class);
    private static final int FRAME_LIMIT = 1 << 16;
    private static final RoleMemberships NO_ROLES = (user, role) -> user.equals(role);
    private static final HostNames NO_NAMES = new HostNames() {
        @Override
        public Optional<String> nameOf(InetAddress address) {
            return Optional.empty();
        }

        @Override
        public List<InetAddress> addressesOf(String name) {
            return List.of();
        }
    };

    private final ClientConnection client;
    private final FrontendServices services;
    private final StartupRequest request;
    private final MessageDecoder decoder;
    private @Nullable PasswordExchange exchange;
    private boolean over;

    AuthenticationPhase(ClientConnection client, FrontendServices services, StartupRequest request) {
        this.client = client;
        this.services = services;
        this.request = request;
        this.decoder =
                new MessageDecoder(MessageTable.FRONTEND, client.channel().alloc(), FRAME_LIMIT);
    }

    @Override
    public void onEnter() {
        var asked = new HbaRequest(request.database(), request.user(), false, client.address(), client.isEncrypted());
        switch (services.access().hba().get().match(asked, NO_ROLES, NO_NAMES)) {
            case HbaMatch.Matched(var rule) -> apply(rule, asked);
            case HbaMatch.NoEntry() ->
                refuse(SqlState.INVALID_AUTHORIZATION, "no pool_hba.conf entry for " + describe(asked));
            case HbaMatch.Undecided(var why) -> refuse(SqlState.INVALID_AUTHORIZATION, why);
        }
    }

    private void apply(HbaRule rule, HbaRequest asked) {
        switch (rule.method()) {
            case TRUST -> succeed();
            case REJECT ->
                refuse(SqlState.INVALID_AUTHORIZATION, "pool_hba.conf rejects connection for " + describe(asked));
            case PASSWORD, MD5, SCRAM_SHA_256 -> lookUp(rule.method());
            case SCRAM_SHA_256_PLUS, LDAP, CERT, PEER, OAUTH ->
                refuse(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        "authentication method " + rule.method().label());
        }
    }

    private static String describe(HbaRequest asked) {
        return "host \"" + host(asked.address()) + "\", user \"" + asked.user() + "\", database \"" + asked.database()
                + "\", " + (asked.encrypted() ? "SSL encryption" : "no encryption");
    }

    private static String host(@Nullable InetAddress address) {
        return address == null ? "[local]" : address.getHostAddress();
    }

    private void lookUp(AuthenticationMethod method) {
        client.read(false);
        services.access()
                .passwords()
                .find(request.user())
                .whenComplete((found, failure) -> client.eventLoop().execute(() -> {
                    if (failure == null) begin(method, found);
                    else refuse(SqlState.INTERNAL_ERROR, "the password cannot be looked up: " + failure.getMessage());
                }));
    }

    private void begin(AuthenticationMethod method, Optional<StoredPassword> stored) {
        if (isOver()) return;
        var chosen = PasswordExchange.of(method, request.user(), stored, services.verifiers());
        exchange = chosen;
        var out = client.newBuffer(64);
        chosen.ask(out);
        client.read(true);
        client.writeAndFlush(out);
    }

    @Override
    public void onRead(ByteBuf in) {
        try {
            switch (decoder.next(in)) {
                case NEED_MORE -> {}
                case FRAME -> answered(in);
                case LARGE_FRAME, RUN -> throw new ProtocolViolation("expected password response");
            }
        } finally {
            in.release();
        }
    }

    private void answered(ByteBuf in) {
        var asked = exchange;
        if (decoder.type() != MessageType.PASSWORD || asked == null || in.isReadable())
            throw new ProtocolViolation("expected password response, got message type " + decoder.type());
        int body = decoder.start() + 5;
        var answer = ByteBufUtil.getBytes(decoder.buffer(), body, decoder.end() - body);
        client.read(false);
        blocking(() -> asked.answer(answer));
    }

    /** Key derivation takes milliseconds, so it does not run here. */
    private void blocking(Supplier<PasswordExchange.Outcome> step) {
        services.access().blocking().execute(() -> {
            PasswordExchange.Outcome outcome;
            try {
                outcome = step.get();
            } catch (RuntimeException failure) {
                log.atError()
                        .setCause(failure)
                        .addKeyValue("client", client.id())
                        .log("authentication failed");
                outcome = new PasswordExchange.Broken("authentication failed inside the proxy: see its log");
            }
            var result = outcome;
            client.eventLoop().execute(() -> after(result));
        });
    }

    private void after(PasswordExchange.Outcome outcome) {
        if (isOver()) return;
        client.read(true);
        switch (outcome) {
            case PasswordExchange.Continue(var data) -> {
                var out = client.newBuffer(16 + data.length);
                BackendMessages.authenticationSaslContinue(out, data);
                client.writeAndFlush(out);
            }
            case PasswordExchange.Right(var data) -> {
                if (data.length > 0) {
                    var out = client.newBuffer(16 + data.length);
                    BackendMessages.authenticationSaslFinal(out, data);
                    client.write(out);
                }
                succeed();
            }
            case PasswordExchange.Wrong() ->
                refuse(SqlState.INVALID_PASSWORD, "password authentication failed for user \"" + request.user() + "\"");
            case PasswordExchange.Broken(var why) -> refuse(SqlState.PROTOCOL_VIOLATION, why);
        }
    }

    private void succeed() {
        over = true;
        decoder.close();
        services.backends().functions().prepare(request.database());
        var out = client.newBuffer(16);
        BackendMessages.authenticationOk(out);
        client.writeAndFlush(out);
        client.become(new WelcomePhase(client, services, request));
    }

    private void refuse(String sqlState, String message) {
        if (isOver()) return;
        log.atInfo()
                .addKeyValue("client", client.id())
                .addKeyValue("user", request.user())
                .addKeyValue("database", request.database())
                .log("login refused: {}", message);
        client.closeWith(ErrorFields.fatal(sqlState, message), DisconnectReason.LOGIN_REFUSED);
    }

    private boolean isOver() {
        return over || !client.isOpen();
    }

    @Override
    public void onClosed() {
        over = true;
        decoder.close();
    }
}
