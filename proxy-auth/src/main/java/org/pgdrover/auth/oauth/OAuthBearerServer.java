package org.pgdrover.auth.oauth;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The server's side of OAUTHBEARER (RFC 7628; PostgreSQL manual, section 53.3.2). The same bytes get
/// the same answer, whoever sends them.
///
/// ```
///   initial response --[#first]--> Token ---- a validator accepts it ---------------------------> done
///                                        |   \--- it does not --> [#errorStatus] to the client --\
///                                        |-> Discovery, Refused --> their status to the client ---------> [#isLast],
/// and failure
///                                        \-> Broken --> failure
/// ```
///
/// A client that sends no initial response with the mechanism's name is sent an empty challenge, and
/// answers with it. Thread-safe.
public final class OAuthBearerServer {
    public static final String MECHANISM = "OAUTHBEARER";

    /// As much as PostgreSQL takes (PG_MAX_AUTH_TOKEN_LENGTH).
    public static final int MAX_BYTES = 65_535;

    private static final char SEPARATOR = 1;
    private static final String SCHEME = "bearer ";
    /// b64token of RFC 6750, section 2.1; possessive, for what is matched is an attacker's.
    private static final Pattern B64_TOKEN = Pattern.compile("[A-Za-z0-9\\-._~+/]++=*+");

    private final byte[] errorStatus;

    /// What the client's initial response is.
    public sealed interface Outcome {}

    /// For a [TokenValidator] to judge.
    public record Token(String bearer) implements Outcome {
        @Override
        public String toString() {
            return "Token[***]";
        }
    }

    /// The client asks where tokens come from, as libpq does before it has one; nothing went wrong that
    /// a log should tell.
    public record Discovery(byte[] status) implements Outcome {}

    /// Well-formed, but what it carries cannot be a bearer token.
    public record Refused(byte[] status, String why) implements Outcome {}

    /// The client broke the protocol.
    public record Broken(String why) implements Outcome {}

    public OAuthBearerServer(OAuthSettings settings) {
        var status = new LinkedHashMap<String, Object>();
        status.put("status", "invalid_token");
        status.put("openid-configuration", configurationUrl(settings.issuer()));
        status.put("scope", settings.scope());
        errorStatus = JSONObjectUtils.toJSONString(status).getBytes(StandardCharsets.UTF_8);
    }

    /// Appended as PostgreSQL does, slash or no slash: libpq finds the issuer again by cutting exactly
    /// this off.
    private static String configurationUrl(String issuer) {
        return issuer.contains("/.well-known/") ? issuer : issuer + "/.well-known/openid-configuration";
    }

    /// What a client is told whose token is not accepted: where to get another one. The reason is not
    /// for it.
    public byte[] errorStatus() {
        return errorStatus.clone();
    }

    /// Whether this is how a client ends an exchange after an error status; anything else is a breach of
    /// the protocol.
    public boolean isLast(byte[] clientResponse) {
        return clientResponse.length == 1 && clientResponse[0] == SEPARATOR;
    }

    /// Takes the client's initial response.
    public Outcome first(byte[] clientResponse) {
        try {
            return judge(authValue(clientResponse));
        } catch (MalformedException malformed) {
            return new Broken(malformed.getMessage());
        }
    }

    private Outcome judge(String auth) {
        if (auth.isEmpty()) return new Discovery(errorStatus());
        if (!auth.toLowerCase(Locale.ROOT).startsWith(SCHEME))
            return new Refused(
                    errorStatus(), "malformed OAuth bearer token: client response indicated a non-Bearer scheme");
        var token = auth.substring(SCHEME.length()).replaceFirst("^ ++", "");
        if (token.isEmpty()) return new Refused(errorStatus(), "malformed OAuth bearer token: it is empty");
        if (!B64_TOKEN.matcher(token).matches())
            return new Refused(errorStatus(), "malformed OAuth bearer token: it is not in the correct format");
        return new Token(token);
    }

    private static String authValue(byte[] clientResponse) throws MalformedException {
        if (clientResponse.length == 0) throw malformed("the message is empty");
        if (clientResponse.length > MAX_BYTES)
            throw malformed("length: " + clientResponse.length + " (expected: <= " + MAX_BYTES + ")");
        // One character a byte: what is not ASCII is refused below.
        var message = new String(clientResponse, StandardCharsets.ISO_8859_1);
        return authOf(message, gs2HeaderEnd(message));
    }

    /// Gives the position behind the GS2 header and its separator.
    private static int gs2HeaderEnd(String message) throws MalformedException {
        switch (message.charAt(0)) {
            case 'n', 'y' -> {}
            case 'p' ->
                throw malformed(
                        "there is no channel binding for OAuth, but the client message includes channel binding data");
            default -> throw malformed("unexpected channel-binding flag " + shown(message, 0));
        }
        expect(message, 1, ',', "comma");
        if (message.startsWith("a", 2))
            throw new MalformedException("client uses authorization identity, but it is not supported");
        expect(message, 2, ',', "comma");
        expect(message, 3, SEPARATOR, "key-value separator");
        return 4;
    }

    private static void expect(String message, int at, char expected, String name) throws MalformedException {
        if (at >= message.length() || message.charAt(at) != expected)
            throw malformed(name + " expected, but found " + shown(message, at));
    }

    private static String shown(String message, int at) {
        if (at >= message.length()) return "the end";
        char found = message.charAt(at);
        return found > ' ' && found < 0x7f ? "\"" + found + "\"" : String.format("0x%02x", (int) found);
    }

    private static String authOf(String message, int begin) throws MalformedException {
        String auth = null;
        int at = begin;
        while (true) {
            int end = message.indexOf(SEPARATOR, at);
            if (end < 0) throw malformed("the final terminator is missing");
            if (end == at) return ended(message, end, auth);
            int equals = message.indexOf('=', at);
            if (equals < 0 || equals > end) throw malformed("a key has no value");
            var value = message.substring(equals + 1, end);
            if (isAuth(message.substring(at, equals), value)) {
                if (auth != null) throw malformed("there are several auth values");
                auth = value;
            }
            at = end + 1;
        }
    }

    private static String ended(String message, int end, @Nullable String auth) throws MalformedException {
        if (end + 1 != message.length()) throw malformed("there is additional data after the final terminator");
        if (auth == null) throw malformed("there is no auth value");
        return auth;
    }

    /// Other keys, `host` and `port` among them, are nothing to us, but must be well-formed too.
    private static boolean isAuth(String key, String value) throws MalformedException {
        if (key.isEmpty() || !key.chars().allMatch(OAuthBearerServer::isLetter)) throw malformed("invalid key name");
        if (!value.chars().allMatch(OAuthBearerServer::isOfValue)) throw malformed("invalid value");
        return key.equals("auth");
    }

    private static boolean isLetter(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private static boolean isOfValue(int c) {
        return c >= ' ' && c < 0x7f || c == '\t' || c == '\r' || c == '\n';
    }

    private static MalformedException malformed(String detail) {
        return new MalformedException("malformed OAUTHBEARER message: " + detail);
    }

    /// Anybody can cause one, so it has no stack trace.
    private static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1;

        MalformedException(String message) {
            super(message, null, false, false);
        }

        @Override
        public String getMessage() {
            return String.valueOf(super.getMessage());
        }
    }
}
