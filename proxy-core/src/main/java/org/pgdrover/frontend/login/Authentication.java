package org.pgdrover.frontend.login;

import io.netty.channel.Channel;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.RoleMemberships;
import org.pgdrover.config.TlsMode;

/// The means to find out who a client is, the same for all.
///
/// @param guard says how long a wrong answer is kept back
/// @param next where a client goes that has proved who it is
public record Authentication(Policy policy, Proofs proofs, LoginGuard guard, LoginSuccess next) {
    /// Who may come in, and by which rule.
    ///
    /// @param rules in force now
    /// @param mode what the listener asks of every client
    /// @param peers the operating system's name for whoever is at the other end of a Unix-domain socket,
    /// or null
    public record Policy(
            Supplier<AccessRules> rules,
            TlsMode mode,
            RoleMemberships roles,
            HostNames hosts,
            Function<Channel, @Nullable String> peers) {}

    /// How a client proves who it is.
    ///
    /// @param hashing derives keys: a few threads, and a bounded queue
    /// @param waiting runs what waits for other systems
    public record Proofs(PasswordStore passwords, LoginExchanges exchanges, Executor hashing, Executor waiting) {}
}
