package org.pgdrover.auth.oauth;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;

/// An authorization server, as an HBA rule names it. The name is its issuer identifier or, as PostgreSQL
/// allows too, the address of its discovery document.
///
/// @param issuer as the document and the tokens must spell it, to the letter
/// @param document its address
record IssuerAddress(String issuer, String document) {
    private static final String OPENID = "/.well-known/openid-configuration";

    /// Behind the issuer (OpenID Connect Discovery 1.0), or between its host and its path (RFC 8414).
    private static final Pattern WELL_KNOWN =
            Pattern.compile("/\\.well-known/(openid-configuration|oauth-authorization-server)");

    private static final Pattern LOOPBACK = Pattern.compile("localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");

    static IssuerAddress of(String setting) {
        if (WELL_KNOWN.matcher(setting).find())
            return new IssuerAddress(WELL_KNOWN.matcher(setting).replaceFirst(""), setting);
        boolean slash = setting.endsWith("/");
        return new IssuerAddress(setting, (slash ? setting.substring(0, setting.length() - 1) : setting) + OPENID);
    }

    /// Gives the address of a document that decides whom we trust: HTTPS, or HTTP that does not leave
    /// this machine.
    ///
    /// @throws URISyntaxException if it is anything else
    static URI trustworthy(String address) throws URISyntaxException {
        var uri = new URI(address);
        var host = uri.getHost();
        if (host == null) throw new URISyntaxException(address, "no host");
        if ("https".equalsIgnoreCase(uri.getScheme())) return uri;
        if ("http".equalsIgnoreCase(uri.getScheme()) && LOOPBACK.matcher(host).matches()) return uri;
        throw new URISyntaxException(
                address, "scheme " + uri.getScheme() + " (expected: https, or http to this machine)");
    }
}
