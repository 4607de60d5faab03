package org.pgdrover.auth.scram;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.pkitesting.CertificateBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.pgdrover.auth.StoredPassword.ScramVerifier;

/// No bytes of a client get another answer than SCRAM's, or [ScramException]; and no proof that was
/// guessed is right.
class ScramFuzzTest {
    private static final ScramVerifier VERIFIER = new ScramVerifier(4096, new byte[16], filled(1), filled(2));

    private static @Nullable ChannelBinding binding;

    @BeforeAll
    static void bind() throws Exception {
        binding = ChannelBinding.of(new CertificateBuilder()
                .subject("CN=server")
                .setIsCertificateAuthority(true)
                .buildSelfSigned()
                .getCertificate());
    }

    private static byte[] filled(int value) {
        var key = new byte[32];
        Arrays.fill(key, (byte) value);
        return key;
    }

    private static ScramServer server() {
        return new ScramServer(VERIFIER, "server", binding);
    }

    @FuzzTest(maxDuration = "10m")
    void clientFirst(byte[] message) {
        for (var mechanism : List.of(ScramServer.MECHANISM, ScramServer.MECHANISM_PLUS)) {
            try {
                var answer = new String(server().first(mechanism, message), StandardCharsets.UTF_8);
                assertThat(answer).startsWith("r=").endsWith("server,s=AAAAAAAAAAAAAAAAAAAAAA==,i=4096");
            } catch (ScramException expected) {
                assertThat(expected).hasMessageContaining(" ").hasNoCause();
                assertThat(expected.getStackTrace()).isEmpty();
            }
        }
    }

    @FuzzTest(maxDuration = "10m")
    void clientFinal(byte[] message) throws ScramException {
        finish(ScramServer.MECHANISM, "n,,n=,r=client", message);
        finish(ScramServer.MECHANISM_PLUS, "p=tls-server-end-point,,n=,r=client", message);
    }

    private static void finish(String mechanism, String first, byte[] message) throws ScramException {
        var server = server();
        server.first(mechanism, first.getBytes(StandardCharsets.UTF_8));
        try {
            assertThat(server.last(message)).isEmpty();
        } catch (ScramException expected) {
            assertThat(expected.getStackTrace()).isEmpty();
        }
    }
}
