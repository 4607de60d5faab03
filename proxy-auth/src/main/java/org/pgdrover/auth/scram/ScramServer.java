package org.pgdrover.auth.scram;

import com.ongres.scram.common.Gs2Header;
import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/// The server's side of one SCRAM-SHA-256 exchange, with or without channel binding (RFC 5802, RFC 7677;
/// PostgreSQL manual, section 53.3.1).
///
/// ```
///   client-first --> [#first] gives server-first; client-final --> [#last] gives server-final, or nothing: wrong
/// password
/// ```
public final class ScramServer {
    public static final String MECHANISM = "SCRAM-SHA-256";
    /// With channel binding.
    public static final String MECHANISM_PLUS = "SCRAM-SHA-256-PLUS";

    private static final ScramMechanism SHA_256 = ScramMechanism.SCRAM_SHA_256;

    private final ScramVerifier verifier;
    private final String serverNonce;
    private final @Nullable ChannelBinding binding;
    private @Nullable String gs2Header;
    private boolean bound;
    private String nonce = "";
    private String authMessage = "";

    /// The client has proved that it knows the password.
    ///
    /// @param serverFinal proves to the client that we know it too
    /// @param keys what the proof has yielded
    public record Proved(byte[] serverFinal, ScramKeys keys) {}

    /// @param serverNonce printable ASCII without a comma, never used before
    /// @param binding null where channel binding is not offered
    public ScramServer(ScramVerifier verifier, String serverNonce, @Nullable ChannelBinding binding) {
        this.verifier = verifier;
        this.serverNonce = serverNonce;
        this.binding = binding;
    }

    /// Takes client-first-message; the user's name in it is ignored, as PostgreSQL ignores it.
    ///
    /// @param mechanism the one that the client has chosen
    public byte[] first(String mechanism, byte[] clientFirst) throws ScramException {
        if (gs2Header != null) throw new ScramException("malformed SCRAM message: client-first-message sent twice");
        bound = mechanism.equals(MECHANISM_PLUS);
        if (!bound && !mechanism.equals(MECHANISM) || bound && binding == null)
            throw new ScramException("client selected an invalid SASL authentication mechanism");
        var text = new String(clientFirst, StandardCharsets.UTF_8);
        var header = gs2Header(text);
        var bare = text.substring(header.length());
        checkBinding(parse(header));
        nonce = clientNonce(bare) + serverNonce;
        var serverFirst = "r=" + nonce + ",s=" + Base64.getEncoder().encodeToString(verifier.salt()) + ",i="
                + verifier.iterations();
        authMessage = bare + "," + serverFirst;
        gs2Header = header;
        return serverFirst.getBytes(StandardCharsets.UTF_8);
    }

    private static String gs2Header(String text) throws ScramException {
        int first = text.indexOf(',');
        int second = text.indexOf(',', first + 1);
        if (first < 0 || second < 0) throw new ScramException("malformed SCRAM message: no GS2 header");
        return text.substring(0, second + 1);
    }

    /// `n=user,r=nonce` and extensions, which nobody has to know. PostgreSQL and we do not look at the
    /// name, and libpq leaves it empty, which the library's parser does not take; it would also spend
    /// more on preparing the name than the rest of the exchange takes.
    private static String clientNonce(String bare) throws ScramException {
        int name = bare.indexOf(',');
        if (!bare.startsWith("n=") || !bare.startsWith("r=", name + 1))
            throw new ScramException("malformed SCRAM message: expected a user name and a nonce");
        int extensions = bare.indexOf(',', name + 1);
        var nonce = bare.substring(name + 3, extensions < 0 ? bare.length() : extensions);
        if (nonce.isEmpty() || !nonce.chars().allMatch(c -> c >= '!' && c <= '~'))
            throw new ScramException("malformed SCRAM message: non-printable characters in SCRAM nonce");
        return nonce;
    }

    private static Gs2Header parse(String gs2Header) throws ScramException {
        try {
            var header = Gs2Header.parseFrom(gs2Header);
            if (header.getAuthzid() != null)
                throw new ScramException("client uses authorization identity, but it is not supported");
            return header;
        } catch (RuntimeException malformed) {
            throw new ScramException("malformed SCRAM message: " + malformed.getMessage());
        }
    }

    /// What the client says of channel binding must fit the mechanism that it chose, or somebody between
    /// us has changed the offer.
    private void checkBinding(Gs2Header header) throws ScramException {
        switch (header.getChannelBindingFlag()) {
            case CHANNEL_BINDING_REQUIRED -> {
                if (!bound)
                    throw new ScramException("the client selected SCRAM-SHA-256 without channel binding, but the SCRAM"
                            + " message includes channel binding data");
                if (!ChannelBinding.TYPE.equals(header.getChannelBindingName()))
                    throw new ScramException("unsupported SCRAM channel-binding type \""
                            + header.getChannelBindingName() + "\" (expected: " + ChannelBinding.TYPE + ")");
            }
            case CLIENT_YES_SERVER_NOT -> {
                if (binding != null)
                    throw new ScramException(
                            "SCRAM channel binding negotiation error: the client supports SCRAM channel"
                                    + " binding but thinks the server does not; however, this server does support channel binding");
                needUnbound();
            }
            case CLIENT_NOT -> needUnbound();
        }
    }

    private void needUnbound() throws ScramException {
        if (bound)
            throw new ScramException(
                    "the client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data");
    }

    /// Takes client-final-message; the answer is empty if the password is wrong.
    public Optional<Proved> last(byte[] clientFinal) throws ScramException {
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
        var serverFinal = ("v=" + Base64.getEncoder().encodeToString(signature)).getBytes(StandardCharsets.US_ASCII);
        return Optional.of(new Proved(serverFinal, keys(proof, whole)));
    }

    private void check(String withoutProof, String header) throws ScramException {
        var attributes = withoutProof.split(",", -1);
        if (attributes.length < 2 || !attributes[0].equals("c=" + expectedBinding(header)))
            throw new ScramException(
                    bound
                            ? "SCRAM channel binding check failed: the client sees another certificate than this server has"
                            : "malformed SCRAM message: channel-binding data does not repeat the GS2 header");
        if (!attributes[1].equals("r=" + nonce))
            throw new ScramException("malformed SCRAM message: nonce does not match");
    }

    private String expectedBinding(String header) {
        var whole = new ByteArrayOutputStream();
        whole.writeBytes(header.getBytes(StandardCharsets.UTF_8));
        if (bound && binding != null) whole.writeBytes(binding.data());
        return Base64.getEncoder().encodeToString(whole.toByteArray());
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

    /// ClientProof is ClientKey XOR ClientSignature, and the signature is ours to compute as well.
    private ScramKeys keys(byte[] proof, String whole) {
        var clientKey = ScramFunctions.clientSignature(SHA_256, verifier.storedKey(), whole);
        for (int i = 0; i < clientKey.length; i++) clientKey[i] ^= proof[i];
        return new ScramKeys(verifier.iterations(), verifier.salt(), clientKey, verifier.serverKey());
    }
}
