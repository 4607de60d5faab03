package org.pgdrover.auth.oauth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.security.Key;
import java.security.PublicKey;
import java.text.ParseException;
import java.util.concurrent.ConcurrentHashMap;
import org.pgdrover.auth.CaFile;
import org.pgdrover.auth.InvalidFileException;

/// Validates tokens that are JWTs (RFC 9068), signed with a key that their issuer publishes (JWKS).
///
/// Nothing is fetched before the first token comes, and nothing but an issuer's documents ever: a token
/// is judged here.
public final class JwksTokenValidator implements TokenValidator, AutoCloseable {
    private final JwksOptions options;
    private final DocumentFetcher fetcher;
    private final ConcurrentHashMap<String, DefaultJWTProcessor<SecurityContext>> issuers = new ConcurrentHashMap<>();

    public JwksTokenValidator(JwksOptions options) throws InvalidFileException {
        this.options = options;
        fetcher = new DocumentFetcher(CaFile.context(options.caFile()), options.timeout());
    }

    @Override
    public TokenVerdict validate(OAuthSettings settings, String token) {
        try {
            var processor = issuers.computeIfAbsent(settings.issuer(), this::processor);
            return judge(settings, processor.process(token, null));
        } catch (ParseException _) {
            return new TokenVerdict.Invalid("the token is not a JWT");
        } catch (KeySourceException unavailable) {
            return new TokenVerdict.Unavailable("the issuer's keys cannot be had: " + unavailable.getMessage());
        } catch (BadJOSEException | JOSEException bad) {
            return new TokenVerdict.Invalid(String.valueOf(bad.getMessage()));
        }
    }

    private DefaultJWTProcessor<SecurityContext> processor(String setting) {
        var address = IssuerAddress.of(setting);
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
        processor.setJWSKeySelector(new IssuerKeySelector(new IssuerKeys(new IssuerKeySet(address, fetcher), options)));
        processor.setJWSVerifierFactory(new VerifierFactory());
        processor.setJWTClaimsSetVerifier(new TokenClaims(address.issuer(), options));
        return processor;
    }

    private TokenVerdict judge(OAuthSettings settings, JWTClaimsSet claims) {
        if (!(claims.getClaim(options.identityClaim()) instanceof String identity) || identity.isBlank())
            return new TokenVerdict.Invalid("claim " + options.identityClaim() + ": not a name");
        var scopes = TokenClaims.scopes(claims);
        var missing = TokenClaims.words(settings.scope())
                .filter(scope -> !scopes.contains(scope))
                .toList();
        if (!missing.isEmpty())
            return new TokenVerdict.Invalid("scope: " + String.join(" ", missing) + " is not granted");
        return new TokenVerdict.Valid(identity, scopes);
    }

    @Override
    public void close() {
        fetcher.close();
    }

    private static final class VerifierFactory extends DefaultJWSVerifierFactory {
        @Override
        public JWSVerifier createJWSVerifier(JWSHeader header, Key key) throws JOSEException {
            if (Ed25519Signature.ALGORITHMS.contains(header.getAlgorithm()) && key instanceof PublicKey ed25519)
                return new Ed25519Signature(ed25519);
            return super.createJWSVerifier(header, key);
        }
    }
}
