package org.pgdrover.auth.ldap;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.ExtendedResult;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPSearchException;
import com.unboundid.ldap.sdk.RDN;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResultEntry;
import com.unboundid.ldap.sdk.SearchScope;
import com.unboundid.ldap.sdk.extensions.StartTLSExtendedRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.CaFile;
import org.pgdrover.auth.InvalidFileException;

/// Has a directory judge a user's password, by binding with it (RFC 4513; PostgreSQL manual, section
/// 20.10).
///
/// Each call has a connection of its own: a bind changes who a connection belongs to. Thread-safe.
public final class LdapAuthenticator {
    /// PostgreSQL refuses these before it searches; nobody may write a part of the filter.
    private static final Pattern REFUSED_IN_SEARCH = Pattern.compile("[*()\\\\/]");

    /// To a user's bind these are a no; any other failure says nothing about the password.
    private static final Set<ResultCode> NO = Set.of(
            ResultCode.INVALID_CREDENTIALS,
            ResultCode.NO_SUCH_OBJECT,
            ResultCode.INVALID_DN_SYNTAX,
            ResultCode.INAPPROPRIATE_AUTHENTICATION,
            ResultCode.INSUFFICIENT_ACCESS_RIGHTS,
            ResultCode.CONSTRAINT_VIOLATION,
            ResultCode.UNWILLING_TO_PERFORM);

    private final SSLContext tls;
    private final Duration connectTimeout;
    private final Duration operationTimeout;

    /// @param caFile authorities that sign the certificates of directories; null means those that Java
    /// trusts
    /// @param connectTimeout for each host that is tried, the handshake of LDAPS included
    /// @param operationTimeout for each answer of a directory; there are four at most: StartTLS, bind,
    /// search, bind
    public LdapAuthenticator(@Nullable Path caFile, Duration connectTimeout, Duration operationTimeout)
            throws InvalidFileException {
        tls = CaFile.context(caFile);
        this.connectTimeout = connectTimeout;
        this.operationTimeout = operationTimeout;
    }

    /// Blocks until a directory has answered, or none of them has in time: not for an event loop.
    public LdapOutcome authenticate(LdapSettings settings, String user, String password) {
        // A name without a password binds as nobody, with success (RFC 4513, section 5.1.2).
        if (password.isEmpty()) return new LdapOutcome.Denied("empty password");
        if (settings.baseDn() != null && REFUSED_IN_SEARCH.matcher(user).find())
            return new LdapOutcome.Denied("invalid character in user name for LDAP authentication");
        var troubles = new ArrayList<String>();
        for (var host : settings.hosts()) {
            try (var connection = open(settings, host)) {
                return authenticate(connection, settings, user, password);
            } catch (LDAPException trouble) {
                troubles.add(host + ": " + described(trouble));
                if (trouble.getResultCode().isConnectionUsable()) break;
            }
        }
        return new LdapOutcome.Unavailable(String.join("; ", troubles));
    }

    private LDAPConnection open(LdapSettings settings, String host) throws LDAPException {
        var secured = new DirectoryTls(tls.getSocketFactory(), host, connectTimeout);
        boolean ldaps = settings.scheme() == LdapSettings.Scheme.LDAPS;
        var connection =
                new LDAPConnection(ldaps ? secured : SocketFactory.getDefault(), options(), host, settings.port());
        try {
            if (settings.startTls()) startTls(connection, secured);
            return connection;
        } catch (LDAPException | RuntimeException failure) {
            connection.close();
            throw failure;
        }
    }

    private LDAPConnectionOptions options() {
        var options = new LDAPConnectionOptions();
        options.setUseSynchronousMode(true);
        options.setConnectTimeoutMillis(Math.toIntExact(connectTimeout.toMillis()));
        options.setResponseTimeoutMillis(operationTimeout.toMillis());
        options.setFollowReferrals(false);
        return options;
    }

    private static void startTls(LDAPConnection connection, DirectoryTls secured) throws LDAPException {
        ExtendedResult result = connection.processExtendedOperation(new StartTLSExtendedRequest(secured));
        if (result.getResultCode() != ResultCode.SUCCESS)
            throw new LDAPException(
                    ResultCode.CONNECT_ERROR,
                    "StartTLS refused: " + result.getResultCode() + " " + result.getDiagnosticMessage());
    }

    private static LdapOutcome authenticate(
            LDAPConnection connection, LdapSettings settings, String user, String password) throws LDAPException {
        var baseDn = settings.baseDn();
        if (baseDn == null) return bind(connection, nameToBind(settings, user), password);
        if (settings.bindDn() != null) connection.bind(settings.bindDn(), settings.bindPassword());
        var found = search(connection, settings, baseDn, user);
        if (found.size() == 1) return bind(connection, found.getFirst().getDN(), password);
        // Who is not found takes as many round trips as who is.
        bind(connection, new DN(new RDN(settings.searchAttribute(), user), new DN(baseDn)).toString(), password);
        return new LdapOutcome.Denied(
                found.isEmpty()
                        ? "LDAP user does not exist: the search returned no entry"
                        : "LDAP user is not unique: the search returned several entries");
    }

    private static LdapOutcome bind(LDAPConnection connection, String name, String password) throws LDAPException {
        try {
            connection.bind(name, password);
            return new LdapOutcome.Accepted(name);
        } catch (LDAPException failure) {
            if (NO.contains(failure.getResultCode())) return new LdapOutcome.Denied(described(failure));
            throw failure;
        }
    }

    /// Where prefix and suffix make a distinguished name, the user's name is one value of it, and no
    /// more.
    private static String nameToBind(LdapSettings settings, String user) {
        boolean distinguished = DN.isValidDN(settings.prefix() + "x" + settings.suffix());
        var name = distinguished ? new RDN("x", user).toString().substring("x=".length()) : user;
        return settings.prefix() + name + settings.suffix();
    }

    private static List<SearchResultEntry> search(
            LDAPConnection connection, LdapSettings settings, String baseDn, String user) throws LDAPException {
        var request = new SearchRequest(baseDn, scope(settings), filter(settings, user), SearchRequest.NO_ATTRIBUTES);
        request.setSizeLimit(2);
        try {
            return entries(connection.search(request).getSearchEntries());
        } catch (LDAPSearchException failure) {
            if (failure.getResultCode() == ResultCode.SIZE_LIMIT_EXCEEDED) return entries(failure.getSearchEntries());
            throw failure;
        }
    }

    /// Null stands for entries that went to a listener, and there is none here.
    private static List<SearchResultEntry> entries(@Nullable List<SearchResultEntry> entries) {
        return entries == null ? List.of() : entries;
    }

    private static Filter filter(LdapSettings settings, String user) throws LDAPException {
        var template = settings.searchFilter();
        if (template == null) return Filter.createEqualityFilter(settings.searchAttribute(), user);
        return Filter.create(template.replace("$username", Filter.encodeValue(user)));
    }

    private static SearchScope scope(LdapSettings settings) {
        return switch (settings.scope()) {
            case BASE -> SearchScope.BASE;
            case ONE -> SearchScope.ONE;
            case SUB -> SearchScope.SUB;
        };
    }

    private static String described(LDAPException failure) {
        return failure.getResultCode() + ": " + failure.getMessage();
    }
}
