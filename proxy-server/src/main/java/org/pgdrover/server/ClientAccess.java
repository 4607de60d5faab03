package org.pgdrover.server;

import io.netty.channel.Channel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.access.AuthQuery;
import org.pgdrover.access.ClusterRoles;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.PasswordSources;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.ldap.LdapAuthenticator;
import org.pgdrover.auth.oauth.JwksOptions;
import org.pgdrover.auth.oauth.JwksTokenValidator;
import org.pgdrover.auth.scram.ScramDerivation;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.auth.users.UserListFile;
import org.pgdrover.backend.ServerLoginMaterial;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.config.TlsMode;
import org.pgdrover.frontend.login.AccessRules;
import org.pgdrover.frontend.login.Authentication;
import org.pgdrover.frontend.login.LoginExchanges;
import org.pgdrover.frontend.login.LoginGuard;
import org.pgdrover.frontend.login.LoginSuccess;
import org.pgdrover.tls.ServerTls;

/// Joins everything that decides who may come in, and with what the proxy logs in to the servers.
final class ClientAccess implements AutoCloseable {
    private static final Duration LDAP_TIMEOUT = Duration.ofSeconds(5);

    private final AuthConfig config;
    private final ExecutorService hashing;
    private final ExecutorService waiting;
    private final ClusterRoles roles;
    private final @Nullable AuthQuery query;
    private final PasswordStore passwords;
    private final ServerSecrets secrets;
    private final ScramDerivation derivation = new ScramDerivation();
    private final SecureRandom random = new SecureRandom();
    private final ScramVerifiers verifiers;
    private final LoginExchanges exchanges;
    private final Supplier<AccessFiles> files;
    private volatile @Nullable AccessFiles prepared;

    /// @param clock nanoseconds
    /// @throws InvalidFileException if a file of authorities cannot be used
    ClientAccess(
            ProxyConfig config,
            Supplier<ServerTls> tls,
            TopologySource topology,
            Supplier<AccessFiles> files,
            LongSupplier clock)
            throws InvalidFileException {
        this.config = config.auth();
        this.files = files;
        this.hashing = hashing(this.config.limits().maxLogins());
        this.waiting = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("pgdrover-login-", 0).factory());
        this.roles = new ClusterRoles(
                new NodeConnector(config.cluster(), tls),
                topology,
                () -> rules().hba().needRoles());
        this.query = this.config.query().enabled()
                ? query(this.config.query(), config.cluster(), tls, topology, clock)
                : null;
        this.passwords = new PasswordSources(() -> files().users(), query == null ? PasswordSources.NOBODY : query);
        this.secrets = new ServerSecrets(passwords);
        this.verifiers = new ScramVerifiers(random, derivation, this.config.scramIterations());
        this.exchanges = new LoginExchanges(
                random,
                verifiers,
                this::asksUnknownForMd5,
                new LdapAuthenticator(this.config.ldapCaFile(), LDAP_TIMEOUT, LDAP_TIMEOUT),
                new JwksTokenValidator(options(this.config.oauth())));
        files();
    }

    /// Whether certificates of clients can be checked.
    static boolean checksCertificates(ProxyConfig config) {
        var tls = config.listen().tls();
        return tls.mode() != TlsMode.DISABLE
                && tls.files().certFile() != null
                && tls.files().caFile() != null;
    }

    private static JwksOptions options(AuthConfig.OAuth oauth) {
        var usual = JwksOptions.DEFAULTS;
        return new JwksOptions(
                Set.copyOf(oauth.audience()),
                oauth.identityClaim(),
                oauth.caFile(),
                usual.clock(),
                usual.timeout(),
                usual.keyLife(),
                usual.leeway());
    }

    /// Half of the processors, so that a storm of logins leaves some to those who are in; a login has
    /// one task at a time.
    private static ExecutorService hashing(int maxLogins) {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(2 * maxLogins),
                Thread.ofPlatform().daemon().name("pgdrover-hashing-", 0).factory());
    }

    private AuthQuery query(
            AuthConfig.Query settings,
            ClusterConfig cluster,
            Supplier<ServerTls> tls,
            TopologySource topology,
            LongSupplier clock) {
        var connector = settings.user() == null
                ? new NodeConnector(cluster, tls)
                : new NodeConnector(cluster, tls, settings.user(), settings.password());
        var database = settings.database() == null ? cluster.database() : settings.database();
        return new AuthQuery(settings, database, connector, topology, waiting, clock);
    }

    /// Somebody may have changed passwords through the proxy.
    void forgetPasswords() {
        if (query != null) query.forget();
    }

    /// Derives the keys of plain passwords before they are needed: a first login takes no longer than
    /// one of an unknown user.
    private void prepare(UserListFile users) {
        Thread.ofPlatform().daemon().name("pgdrover-derivation").start(() -> {
            for (var user : users.users())
                users.find(user)
                        .thenAccept(stored -> verifiers.of(user, stored))
                        .toCompletableFuture()
                        .join();
        });
    }

    /// Like a user who is known; where those are not asked alike, chance decides, once for each name.
    private boolean asksUnknownForMd5(String user) {
        var users = files().users();
        if (!users.hasOthers()) return false;
        return (query == null && !users.hasVerifiers()) || verifiers.toss(user);
    }

    /// What is in force now; when it has been read anew its passwords are made ready.
    private AccessFiles files() {
        var now = files.get();
        if (now != prepared) {
            prepared = now;
            prepare(now.users());
        }
        return now;
    }

    private AccessRules rules() {
        return files().rules();
    }

    /// Begins to ask the cluster.
    void start() {
        roles.start();
    }

    /// How clients prove who they are.
    ///
    /// @param peers the operating system's name for whoever is at the other end of a Unix-domain socket,
    /// or null
    /// @param next where those go that have
    Authentication authentication(
            TlsMode mode, Function<Channel, @Nullable String> peers, LoginGuard guard, LoginSuccess next) {
        return new Authentication(
                new Authentication.Policy(this::rules, mode, roles, new SystemHostNames(), peers),
                new Authentication.Proofs(passwords, exchanges, hashing, waiting),
                guard,
                next);
    }

    /// Hear what logins yield.
    ServerSecrets secrets() {
        return secrets;
    }

    ServerLoginMaterial loginMaterial() {
        return new ServerLoginMaterial(secrets, derivation, hashing, config.clearTextToServers());
    }

    @Override
    public void close() {
        roles.close();
        if (query != null) query.close();
        waiting.shutdownNow();
        hashing.shutdownNow();
    }
}
