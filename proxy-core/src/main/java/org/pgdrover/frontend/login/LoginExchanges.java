package org.pgdrover.frontend.login;

import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.StoredPassword;
import org.pgdrover.auth.StoredPassword.ScramVerifier;
import org.pgdrover.auth.hba.HbaRule;
import org.pgdrover.auth.ldap.LdapAuthenticator;
import org.pgdrover.auth.oauth.TokenValidator;
import org.pgdrover.auth.scram.ChannelBinding;
import org.pgdrover.auth.scram.ScramVerifiers;
import org.pgdrover.auth.secrets.PasswordJudge;

/// Begins the exchange that a rule's method asks for; thread-safe.
public final class LoginExchanges {
    private static final int NONCE_BYTES = 18;

    private final SecureRandom random;
    private final ScramVerifiers verifiers;
    private final PasswordJudge judge;
    private final Predicate<String> md5ForUnknown;
    private final LdapAuthenticator directory;
    private final TokenValidator tokens;

    /// @param md5ForUnknown whether an unknown user under method md5 is asked as one is whose password
    /// is not stored as a SCRAM verifier
    public LoginExchanges(
            SecureRandom random,
            ScramVerifiers verifiers,
            Predicate<String> md5ForUnknown,
            LdapAuthenticator directory,
            TokenValidator tokens) {
        this.random = random;
        this.verifiers = verifiers;
        this.judge = new PasswordJudge(verifiers);
        this.md5ForUnknown = md5ForUnknown;
        this.directory = directory;
        this.tokens = tokens;
    }

    /// @param shown the certificate that we have shown the client, if the connection is under TLS
    LoginExchange ofPassword(
            AuthenticationMethod method,
            String user,
            Optional<StoredPassword> stored,
            @Nullable X509Certificate shown) {
        return switch (method) {
            case PASSWORD -> new ClearTextExchange(user, stored, judge);
            case MD5 ->
                isAskedForScram(user, stored)
                        ? scram(user, stored, shown, false)
                        : new Md5Exchange(user, stored, random(4));
            case SCRAM_SHA_256 -> scram(user, stored, shown, false);
            case SCRAM_SHA_256_PLUS -> scram(user, stored, shown, true);
            case TRUST, REJECT, LDAP, CERT, PEER, OAUTH ->
                throw new IllegalArgumentException(method + " needs no stored password");
        };
    }

    private boolean isAskedForScram(String user, Optional<StoredPassword> stored) {
        if (stored.isEmpty()) return !md5ForUnknown.test(user);
        return stored.get() instanceof ScramVerifier;
    }

    private LoginExchange scram(
            String user, Optional<StoredPassword> stored, @Nullable X509Certificate shown, boolean onlyBound) {
        var binding = ChannelBinding.of(shown);
        var nonce = Base64.getEncoder().encodeToString(random(NONCE_BYTES));
        return new ScramExchange(user, stored, verifiers, nonce, binding, onlyBound);
    }

    private byte[] random(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /// @param rule with method ldap or oauth, and so with its settings
    LoginExchange ofOther(HbaRule rule, String user) {
        if (rule.method() == AuthenticationMethod.LDAP)
            return new DirectoryExchange(
                    user, Objects.requireNonNull(rule.options().ldap()), directory);
        return new OAuthExchange(user, Objects.requireNonNull(rule.options().oauth()), tokens);
    }
}
