package org.pgdrover.auth.scram;

import com.ongres.scram.common.ClientFirstMessage;
import com.ongres.scram.common.Gs2CbindFlag;
import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.exception.ScramParseException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/**
 * The server's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677; PostgreSQL manual, section 53.3.1).
 *
 * <pre>
 *   client-first --&gt; {@link #first} gives server-first; client-final --&gt; {@link #last} gives server-final, or nothing: wrong password
 * </pre>
 */
public final class ScramServer {
    public static final String MECHANISM = "SCRAM-SHA-256";
    private static final ScramMechanism SHA_256 = ScramMechanism.SCRAM_SHA_256;

    private final ScramVerifier verifier;
    private final String serverNonce;
    private @Nullable String gs2Header;
    private String nonce = "";
    private String authMessage = "";

    /** @param serverNonce printable ASCII without a comma, never used before */
    public ScramServer(ScramVerifier verifier, String serverNonce) {
        this.verifier = verifier;
        this.serverNonce = serverNonce;
    }

    /** Takes client-first-message; the user's name in it is ignored, as PostgreSQL ignores it. */
    public byte[] first(byte[] clientFirst) throws ScramException {
        if (gs2Header != null) throw new ScramException("malformed SCRAM message: client-first-message sent twice");
        var text = new String(clientFirst, StandardCharsets.UTF_8);
        var header = gs2Header(text);
        nonce = clientNonce(text) + serverNonce;
        var serverFirst = "r=" + nonce + ",s=" + Base64.getEncoder().encodeToString(verifier.salt()) + ",i="
                + verifier.iterations();
        authMessage = text.substring(header.length()) + "," + serverFirst;
        gs2Header = header;
        return serverFirst.getBytes(StandardCharsets.UTF_8);
    }

    private static String gs2Header(String text) throws ScramException {
        int first = text.indexOf(',');
        int second = text.indexOf(',', first + 1);
        if (first < 0 || second < 0) throw new ScramException("malformed SCRAM message: no GS2 header");
        return text.substring(0, second + 1);
    }

    private static String clientNonce(String text) throws ScramException {
        try {
            // libpq leaves the user's name empty, which the parser does not take.
            var message = ClientFirstMessage.parseFrom(text.replaceFirst(",n=,", ",n=*,"));
            if (message.getGs2Header().getChannelBindingFlag() == Gs2CbindFlag.CHANNEL_BINDING_REQUIRED)
                throw new ScramException(
                        "channel binding is not offered here: connect with channel_binding=prefer or disable");
            return message.getClientNonce();
        } catch (ScramParseException | IllegalArgumentException malformed) {
            throw new ScramException("malformed SCRAM message: " + malformed.getMessage());
        }
    }

    /** Takes client-final-message; the answer is empty if the password is wrong. */
    public Optional<byte[]> last(byte[] clientFinal) throws ScramException {
        var header = gs2Header;
        if (header == null) throw new ScramException("malformed SCRAM message: client-first-message is missing");
        var text = new String(clientFinal, StandardCharsets.UTF_8);
        int proofAt = text.lastIndexOf(",p=");
        if (proofAt < 0) throw new ScramException("malformed SCRAM message: no proof");
        var withoutProof = text.substring(0, proofAt);
        check(withoutProof, header);
        var whole = authMessage + "," + withoutProof;
        byte[] proof = decode(text.substring(proofAt + 3));
        if (!proves(proof, whole)) return Optional.empty();
        var signature = ScramFunctions.serverSignature(SHA_256, verifier.serverKey(), whole);
        return Optional.of(("v=" + Base64.getEncoder().encodeToString(signature)).getBytes(StandardCharsets.US_ASCII));
    }

    private void check(String withoutProof, String header) throws ScramException {
        var attributes = withoutProof.split(",", -1);
        var binding = "c=" + Base64.getEncoder().encodeToString(header.getBytes(StandardCharsets.UTF_8));
        if (attributes.length < 2 || !attributes[0].equals(binding))
            throw new ScramException("malformed SCRAM message: channel-binding data does not repeat the GS2 header");
        if (!attributes[1].equals("r=" + nonce))
            throw new ScramException("malformed SCRAM message: nonce does not match");
    }

    private static byte[] decode(String base64) throws ScramException {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException malformed) {
            throw new ScramException("malformed SCRAM message: proof is not base64");
        }
    }

    private boolean proves(byte[] proof, String whole) {
        return proof.length == verifier.storedKey().length
                && ScramFunctions.verifyClientProof(SHA_256, proof, verifier.storedKey(), whole);
    }
}
