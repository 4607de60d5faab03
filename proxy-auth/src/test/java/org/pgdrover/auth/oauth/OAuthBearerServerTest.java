package org.pgdrover.auth.oauth;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.oauth.OAuthBearerServer.Broken;
import org.pgdrover.auth.oauth.OAuthBearerServer.Discovery;
import org.pgdrover.auth.oauth.OAuthBearerServer.Outcome;
import org.pgdrover.auth.oauth.OAuthBearerServer.Refused;
import org.pgdrover.auth.oauth.OAuthBearerServer.Token;

/// In the messages that follow ^A stands for byte 1, as in RFC 7628.
class OAuthBearerServerTest {
    private static final String TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

    private final OAuthBearerServer server = serverOf("https://issuer.example/realm");

    private static OAuthBearerServer serverOf(String issuer) {
        return new OAuthBearerServer(new OAuthSettings(issuer, "openid postgres", null, false));
    }

    private static byte[] bytes(String message) {
        return message.replace("^A", "\1").getBytes(StandardCharsets.ISO_8859_1);
    }

    private Outcome first(String message) {
        return server.first(bytes(message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "n,,^Aauth=Bearer %s^A^A",
                "y,,^Aauth=Bearer %s^A^A",
                "n,,^Aauth=bEARER    %s^A^A",
                "n,,^Ahost=server.example.com^Aport=5432^Aauth=Bearer %s^A^A",
                "n,,^Aauth=Bearer %s^Ahost=server.example.com^A^A",
                "n,,^Amtu=^Aauth=Bearer %s^A^A"
            })
    void findsTheToken(String message) {
        assertThat(first(message.formatted(TOKEN))).isEqualTo(new Token(TOKEN));
    }

    @Test
    void tellsWhereTokensComeFromToWhoSendsNone() throws ParseException {
        var outcome = first("n,,^Aauth=^A^A");

        assertThat(outcome).isInstanceOf(Discovery.class);
        assertThat(parsed(((Discovery) outcome).status()))
                .isEqualTo(Map.of(
                        "status", "invalid_token",
                        "openid-configuration", "https://issuer.example/realm/.well-known/openid-configuration",
                        "scope", "openid postgres"));
    }

    @Test
    void keepsTheAddressOfADiscoveryDocumentThatIsTheIssuersSetting() throws ParseException {
        var address = "https://issuer.example/.well-known/oauth-authorization-server/realm";

        assertThat(parsed(serverOf(address).errorStatus())).containsEntry("openid-configuration", address);
    }

    private static Map<String, Object> parsed(byte[] json) throws ParseException {
        return JSONObjectUtils.parse(new String(json, StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    auth=Basic dTpw          | client response indicated a non-Bearer scheme
                    auth=Bearer              | client response indicated a non-Bearer scheme
                    auth='Bearer  '          | it is empty
                    auth=Bearer a b          | it is not in the correct format
                    auth=Bearer =            | it is not in the correct format
                    auth=Bearer a=b          | it is not in the correct format
                    auth=Bearer 'a"b'        | it is not in the correct format
                    """)
    void refusesWhatIsNoToken(String pair, String why) {
        var outcome = first("n,,^A" + pair.replace("'", "") + "^A^A");

        assertThat(outcome).isInstanceOf(Refused.class);
        assertThat(((Refused) outcome).why()).isEqualTo("malformed OAuth bearer token: " + why);
        assertThat(((Refused) outcome).status()).isEqualTo(server.errorStatus());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                              | the message is empty
                    x,,^Aauth=^A^A                  | unexpected channel-binding flag "x"
                    p=tls-server-end-point,,^A^A    | there is no channel binding for OAuth, but the client message includes channel binding data
                    n                               | comma expected, but found the end
                    n;                              | comma expected, but found ";"
                    n,b=1,^Aauth=^A^A               | comma expected, but found "b"
                    n,,                             | key-value separator expected, but found the end
                    n,,auth=^A^A                    | key-value separator expected, but found "a"
                    n,,^A                           | the final terminator is missing
                    n,,^A^A                         | there is no auth value
                    n,,^Ahost=h^A^A                 | there is no auth value
                    n,,^Aauth=                      | the final terminator is missing
                    n,,^Aauth=^A                    | the final terminator is missing
                    n,,^Aauth=^A^Ax                 | there is additional data after the final terminator
                    n,,^Aauth=^A^A^A                | there is additional data after the final terminator
                    n,,^Aauth=^Aauth=^A^A           | there are several auth values
                    n,,^Aauth^A^A                   | a key has no value
                    n,,^Aauth^Ahost=h^A^A           | a key has no value
                    n,,^A=Bearer x^A^A              | invalid key name
                    n,,^Aau1h=Bearer x^A^A          | invalid key name
                    """)
    void namesWhatIsMalformed(String message, String why) {
        assertThat(first(message)).isEqualTo(new Broken("malformed OAUTHBEARER message: " + why));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 0x1f, 0x7f, 0x80, 0xff})
    void takesNoByteInAValueThatTheGrammarDoesNotHave(int forbidden) {
        assertThat(first("n,,^Aauth=Bearer x" + (char) forbidden + "^A^A"))
                .isEqualTo(new Broken("malformed OAUTHBEARER message: invalid value"));
    }

    @Test
    void knowsNoAuthorizationIdentity() {
        assertThat(first("n,a=joe,^Aauth=Bearer x^A^A"))
                .isEqualTo(new Broken("client uses authorization identity, but it is not supported"));
    }

    @Test
    void takesAsMuchAsPostgresDoesAndNoMore() {
        int around = bytes("n,,^Aauth=Bearer ^A^A").length;
        var longest = "x".repeat(OAuthBearerServer.MAX_BYTES - around);

        assertThat(first("n,,^Aauth=Bearer " + longest + "^A^A")).isEqualTo(new Token(longest));
        assertThat(first("n,,^Aauth=Bearer " + longest + "x^A^A"))
                .isEqualTo(new Broken("malformed OAUTHBEARER message: length: 65536 (expected: <= 65535)"));
    }

    @Test
    void refusesEveryBeginningOfAGoodMessage() {
        var good = "n,,^Aauth=Bearer " + TOKEN + "^Ahost=h^A^A";

        for (int length = 0; length < bytes(good).length; length++)
            assertThat(server.first(java.util.Arrays.copyOf(bytes(good), length)))
                    .isInstanceOf(Broken.class);
    }

    @Test
    void anExchangeThatFailedEndsWithOneSeparator() {
        assertThat(server.isLast(bytes("^A"))).isTrue();
        assertThat(server.isLast(bytes(""))).isFalse();
        assertThat(server.isLast(bytes("^A^A"))).isFalse();
        assertThat(server.isLast(bytes("n,,^Aauth=Bearer x^A^A"))).isFalse();
    }

    @Test
    void keepsTheTokenOutOfItsText() {
        assertThat(first("n,,^Aauth=Bearer secret^A^A")).hasToString("Token[***]");
    }
}
