package org.pgdrover.auth.oauth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.impl.BaseJWSProvider;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.Set;

/// Verifies signatures of Ed25519 (RFC 8037) with the JDK, for which Nimbus would want another library.
final class Ed25519Signature extends BaseJWSProvider implements JWSVerifier {
    static final Set<JWSAlgorithm> ALGORITHMS = Set.of(JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519);

    /// SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410, section 4).
    private static final byte[] KEY_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int KEY_BYTES = 32;

    private final PublicKey key;

    Ed25519Signature(PublicKey key) {
        super(ALGORITHMS);
        this.key = key;
    }

    static PublicKey publicKey(OctetKeyPair pair) throws JOSEException {
        byte[] x = pair.getDecodedX();
        if (x.length != KEY_BYTES) throw new JOSEException("Ed25519 key: " + x.length + " bytes (expected: 32)");
        var encoded = new byte[KEY_PREFIX.length + KEY_BYTES];
        System.arraycopy(KEY_PREFIX, 0, encoded, 0, KEY_PREFIX.length);
        System.arraycopy(x, 0, encoded, KEY_PREFIX.length, KEY_BYTES);
        try {
            return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
        } catch (GeneralSecurityException failure) {
            throw new JOSEException("Ed25519 key: " + failure.getMessage(), failure);
        }
    }

    @Override
    public boolean verify(JWSHeader header, byte[] signed, Base64URL signature) throws JOSEException {
        if (header.getCriticalParams() != null) return false;
        try {
            var verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(signed);
            return verifier.verify(signature.decode());
        } catch (SignatureException _) {
            return false;
        } catch (GeneralSecurityException failure) {
            throw new JOSEException("Ed25519: " + failure.getMessage(), failure);
        }
    }
}
