package org.pgdrover.testing;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.PasswordSources;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.IdentMaps;
import org.pgdrover.auth.ldap.LdapAuthenticator;
import org.pgdrover.auth.oauth.TokenVerdict;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.backend.ServerLoginMaterial;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.TlsMode;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.login.AccessRules;
import org.pgdrover.frontend.login.Authentication;
import org.pgdrover.frontend.login.Login;
import org.pgdrover.frontend.login.LoginExchanges;
import org.pgdrover.frontend.login.LoginGuard;
import org.pgdrover.frontend.login.LoginSuccess;
import org.pgdrover.tls.ClientTls;

/// What logging in takes, on either side of the proxy, with nothing but a store of passwords behind it.
public final class Logins {
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

    private Logins() {}

    public static ServerLoginMaterial withoutPasswords() {
        return with(new ServerSecrets(PasswordSources.NOBODY), false);
    }

    /// @param clearText whether servers get passwords in clear text without TLS
    public static ServerLoginMaterial with(ServerSecrets secrets, boolean clearText) {
        return new ServerLoginMaterial(
                secrets, new ScramDerivation(), task -> Thread.ofVirtual().start(task), clearText);
    }

    /// Clients come in as the rules say; roles and host names there are none.
    public static Login login(
            HbaRules rules,
            PasswordStore passwords,
            Supplier<ClientTls> tls,
            CancelRegistry cancelKeys,
            LoginSuccess next) {
        var guard = new LoginGuard(AuthConfig.DEFAULT.limits(), ListenConfig.DEFAULT.maxClients(), System::nanoTime);
        var policy = new Authentication.Policy(
                () -> new AccessRules(rules, IdentMaps.NONE),
                TlsMode.PREFER,
                (user, role) -> user.equals(role),
                NO_NAMES,
                Logins::nobody);
        var proofs = new Authentication.Proofs(passwords, exchanges(), Runnable::run, Runnable::run);
        return new Login(guard, tls, cancelKeys, new Authentication(policy, proofs, guard, next));
    }

    private static LoginExchanges exchanges() {
        var random = new SecureRandom();
        return new LoginExchanges(
                random,
                new ScramVerifiers(random, new ScramDerivation(), 4096),
                user -> false,
                directory(),
                (settings, token) -> new TokenVerdict.Invalid("no issuer here"));
    }

    private static LdapAuthenticator directory() {
        try {
            return new LdapAuthenticator(null, Duration.ofSeconds(1), Duration.ofSeconds(1));
        } catch (InvalidFileException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static @Nullable String nobody(Channel channel) {
        return null;
    }
}
