package org.pgdrover.auth.oauth;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetParseException;
import com.nimbusds.jose.jwk.source.JWKSetRetrievalException;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.text.ParseException;
import org.jspecify.annotations.Nullable;

/// Gets an issuer's keys from the issuer: its discovery document, and the key set that this names.
final class IssuerKeySet implements JWKSetSource<SecurityContext> {
    private final IssuerAddress address;
    private final DocumentFetcher fetcher;

    IssuerKeySet(IssuerAddress address, DocumentFetcher fetcher) {
        this.address = address;
        this.fetcher = fetcher;
    }

    @Override
    public JWKSet getJWKSet(JWKSetCacheRefreshEvaluator evaluator, long now, @Nullable SecurityContext context)
            throws JWKSetUnavailableException {
        try {
            return JWKSet.parse(fetcher.fetch(keySetAddress(fetcher.fetch(address.document()))));
        } catch (IOException failure) {
            throw new JWKSetRetrievalException(String.valueOf(failure.getMessage()), failure);
        } catch (ParseException malformed) {
            throw new JWKSetParseException(address.document() + ": " + malformed.getMessage(), malformed);
        }
    }

    /// Who answers for another issuer, answers for none (OpenID Connect Discovery 1.0, section 4.3; RFC
    /// 8414, section 3.3).
    private String keySetAddress(String document) throws ParseException {
        var members = JSONObjectUtils.parse(document);
        var issuer = JSONObjectUtils.getString(members, "issuer");
        if (!address.issuer().equals(issuer))
            throw new ParseException("issuer: " + issuer + " (expected: " + address.issuer() + ")", 0);
        var keySet = JSONObjectUtils.getString(members, "jwks_uri");
        if (keySet == null) throw new ParseException("jwks_uri: missing", 0);
        return keySet;
    }

    @Override
    public void close() {
        // The fetcher belongs to the validator.
    }
}
