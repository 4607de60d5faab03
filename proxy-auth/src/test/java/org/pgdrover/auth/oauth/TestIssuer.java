package org.pgdrover.auth.oauth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.impl.BaseJWSProvider;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// An authorization server that publishes a discovery document and keys, and signs what it is told to.
final class TestIssuer implements AutoCloseable {
    static final RSAKey RSA = rsa("rsa");
    static final ECKey EC = ec();
    static final KeyPair ED25519 = ed25519();

    final String issuer;
    final List<JWK> keys = new CopyOnWriteArrayList<>(List.of(RSA, EC, published(ED25519)));
    final Map<String, Object> discovery = new HashMap<>();
    final AtomicInteger keySetsFetched = new AtomicInteger();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private int status = 200;
    private boolean silent;

    static TestIssuer overHttp() throws IOException {
        return new TestIssuer("http", HttpServer.create(anyPort(), 0));
    }

    static TestIssuer overHttps(SSLContext tls) throws IOException {
        var server = HttpsServer.create(anyPort(), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return new TestIssuer("https", server);
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private TestIssuer(String scheme, HttpServer server) {
        this.server = server;
        issuer = scheme + "://localhost:" + server.getAddress().getPort() + "/realm";
        discovery.put("issuer", issuer);
        discovery.put("jwks_uri", issuer + "/keys");
        server.createContext(
                "/realm/.well-known/openid-configuration",
                exchange -> answer(exchange, JSONObjectUtils.toJSONString(discovery)));
        server.createContext(
                "/.well-known/oauth-authorization-server/realm",
                exchange -> answer(exchange, JSONObjectUtils.toJSONString(discovery)));
        server.createContext("/realm/keys", exchange -> {
            keySetsFetched.incrementAndGet();
            answer(exchange, new JWKSet(keys).toString());
        });
        server.createContext("/realm/moved", exchange -> {
            exchange.getResponseHeaders().add("Location", issuer + "/keys");
            exchange.sendResponseHeaders(302, -1);
        });
        server.createContext("/realm/huge", exchange -> answer(exchange, " ".repeat(DocumentFetcher.MAX_BYTES + 1)));
        server.setExecutor(threads);
        server.start();
    }

    private void answer(HttpExchange exchange, String text) throws IOException {
        var body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, silent ? body.length + 1 : body.length);
        exchange.getResponseBody().write(body);
        // One byte short, a silent issuer keeps its client waiting for the end.
        exchange.getResponseBody().flush();
        if (!silent) exchange.close();
    }

    void failsWith(int anotherStatus) {
        status = anotherStatus;
    }

    void neverEndsItsAnswers() {
        silent = true;
    }

    String sign(JWTClaimsSet claims) {
        return sign(JWSAlgorithm.RS256, RSA.getKeyID(), signer(RSA), claims);
    }

    static String sign(JWSAlgorithm algorithm, @Nullable String keyId, JWSSigner signer, JWTClaimsSet claims) {
        return sign(
                new JWSHeader.Builder(algorithm)
                        .keyID(keyId)
                        .type(JOSEObjectType.JWT)
                        .build(),
                signer,
                claims);
    }

    static String sign(JWSHeader header, JWSSigner signer, JWTClaimsSet claims) {
        try {
            var jwt = new SignedJWT(header, claims);
            jwt.sign(signer);
            return jwt.serialize();
        } catch (JOSEException failure) {
            throw new AssertionError(failure);
        }
    }

    static JWSSigner signer(JWK key) {
        try {
            return key instanceof ECKey ec ? new ECDSASigner(ec) : new RSASSASigner(key.toRSAKey());
        } catch (JOSEException failure) {
            throw new AssertionError(failure);
        }
    }

    static RSAKey rsa(String keyId) {
        try {
            return new RSAKeyGenerator(2048).keyID(keyId).generate();
        } catch (JOSEException failure) {
            throw new AssertionError(failure);
        }
    }

    private static ECKey ec() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID("ec").generate();
        } catch (JOSEException failure) {
            throw new AssertionError(failure);
        }
    }

    private static KeyPair ed25519() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException failure) {
            throw new AssertionError(failure);
        }
    }

    private static OctetKeyPair published(KeyPair pair) {
        var encoded = pair.getPublic().getEncoded();
        var x = Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
        return new OctetKeyPair.Builder(Curve.Ed25519, x).keyID("ed").build();
    }

    /// Nimbus signs with Ed25519 through another library only.
    static final class Ed25519Signer extends BaseJWSProvider implements JWSSigner {
        Ed25519Signer() {
            super(Set.of(JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519));
        }

        @Override
        public Base64URL sign(JWSHeader header, byte[] input) throws JOSEException {
            try {
                var signature = Signature.getInstance("Ed25519");
                signature.initSign(ED25519.getPrivate());
                signature.update(input);
                return Base64URL.encode(signature.sign());
            } catch (GeneralSecurityException failure) {
                throw new JOSEException("Ed25519", failure);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
