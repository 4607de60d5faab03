package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.pgdrover.auth.oauth.OAuthBearerServer;
import org.pgdrover.auth.oauth.OAuthSettings;
import org.pgdrover.auth.oauth.TokenValidator;
import org.pgdrover.auth.oauth.TokenVerdict;
import org.pgdrover.protocol.codec.BackendMessages;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// AuthenticationSASL with OAUTHBEARER (PostgreSQL manual, section 53.3.2).
final class OAuthExchange implements LoginExchange {
    private static final Logger log = LoggerFactory.getLogger(OAuthExchange.class);

    private final String user;
    private final OAuthSettings settings;
    private final TokenValidator validator;
    private final OAuthBearerServer server;
    private boolean begun;
    private boolean refused;

    OAuthExchange(String user, OAuthSettings settings, TokenValidator validator) {
        this.user = user;
        this.settings = settings;
        this.validator = validator;
        this.server = new OAuthBearerServer(settings);
    }

    @Override
    public boolean isSasl() {
        return true;
    }

    @Override
    public void ask(ByteBuf out) {
        BackendMessages.authenticationSasl(out, List.of(OAuthBearerServer.MECHANISM));
    }

    @Override
    public Effort effort() {
        return Effort.WAITS;
    }

    @Override
    public Outcome answer(byte[] body) {
        if (refused)
            return server.isLast(body)
                    ? Outcome.WRONG
                    : new Outcome.Broken("malformed OAUTHBEARER message: client did not send a kvsep response");
        if (begun) return judge(body);
        begun = true;
        var initial = SaslInitialResponse.read(body);
        if (initial == null) return new Outcome.Broken("malformed SASLInitialResponse");
        if (!initial.mechanism().equals(OAuthBearerServer.MECHANISM))
            return new Outcome.Broken("client selected an invalid SASL authentication mechanism");
        return initial.data().length == 0 ? new Outcome.Continue(new byte[0]) : judge(initial.data());
    }

    private Outcome judge(byte[] response) {
        return switch (server.first(response)) {
            case OAuthBearerServer.Broken(var why) -> new Outcome.Broken(why);
            case OAuthBearerServer.Discovery(var status) -> refuse(status);
            case OAuthBearerServer.Refused(var status, var why) -> {
                log(why);
                yield refuse(status);
            }
            case OAuthBearerServer.Token(var token) -> judge(token);
        };
    }

    private Outcome judge(String token) {
        return switch (validator.validate(settings, token)) {
            case TokenVerdict.Valid valid -> new Outcome.Identified(valid.identity());
            case TokenVerdict.Invalid(var why) -> {
                log(why);
                yield refuse(server.errorStatus());
            }
            case TokenVerdict.Unavailable(var why) -> {
                log(why);
                yield refuse(server.errorStatus());
            }
        };
    }

    private void log(String why) {
        log.atInfo().addKeyValue("user", user).addKeyValue("reason", why).log("bearer token refused");
    }

    private Outcome refuse(byte[] status) {
        refused = true;
        return new Outcome.Continue(status);
    }
}
