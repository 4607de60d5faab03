package org.pgdrover.auth.oauth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import java.security.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Chooses the keys that may have signed a token: public ones, of algorithms that tell who signed.
final class IssuerKeySelector extends JWSVerificationKeySelector<SecurityContext> {
    /// None with a shared secret, for a public key is no secret; and none that signs nothing.
    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512,
            JWSAlgorithm.EdDSA,
            JWSAlgorithm.Ed25519);

    private final IssuerKeys keys;

    IssuerKeySelector(IssuerKeys keys) {
        super(ALGORITHMS, keys);
        this.keys = keys;
    }

    @Override
    public List<Key> selectJWSKeys(JWSHeader header, @Nullable SecurityContext context) throws KeySourceException {
        if (!Ed25519Signature.ALGORITHMS.contains(header.getAlgorithm())) return super.selectJWSKeys(header, context);
        var matcher = createJWKMatcher(header);
        if (matcher == null) return List.of();
        var selected = new ArrayList<Key>();
        for (var key : keys.get(new JWKSelector(matcher), context)) {
            if (key instanceof OctetKeyPair pair) selected.add(publicKey(pair));
        }
        return selected;
    }

    private static Key publicKey(OctetKeyPair pair) throws KeySourceException {
        try {
            return Ed25519Signature.publicKey(pair);
        } catch (JOSEException malformed) {
            throw new KeySourceException(String.valueOf(malformed.getMessage()), malformed);
        }
    }
}
