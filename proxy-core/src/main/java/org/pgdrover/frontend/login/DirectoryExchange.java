package org.pgdrover.frontend.login;

import io.netty.buffer.ByteBuf;
import org.pgdrover.auth.ldap.LdapAuthenticator;
import org.pgdrover.auth.ldap.LdapOutcome;
import org.pgdrover.auth.ldap.LdapSettings;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// AuthenticationCleartextPassword, judged by a directory.
record DirectoryExchange(String user, LdapSettings settings, LdapAuthenticator directory) implements LoginExchange {
    private static final Logger log = LoggerFactory.getLogger(DirectoryExchange.class);

    @Override
    public void ask(ByteBuf out) {
        BackendMessages.authenticationCleartextPassword(out);
    }

    @Override
    public Outcome answer(byte[] body) {
        var password = LoginExchange.text(body);
        if (password == null) return LoginExchange.malformed();
        if (password.isEmpty()) return LoginExchange.empty();
        return switch (directory.authenticate(settings, user, password)) {
            case LdapOutcome.Accepted accepted -> Outcome.PROVED;
            case LdapOutcome.Denied(var why) -> {
                log.atInfo()
                        .addKeyValue("user", user)
                        .addKeyValue("reason", why)
                        .log("the directory refuses");
                yield Outcome.WRONG;
            }
            case LdapOutcome.Unavailable(var why) -> {
                log.atWarn()
                        .addKeyValue("user", user)
                        .addKeyValue("reason", why)
                        .log("no directory answers");
                yield new Outcome.Failed(
                        SqlState.INVALID_AUTHORIZATION, "LDAP authentication failed for user \"" + user + "\"");
            }
        };
    }

    @Override
    public Effort effort() {
        return Effort.WAITS;
    }
}
