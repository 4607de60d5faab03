package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.InvalidFileException;

class HbaParserTest {
    private static final HostNames NO_NAMES = new HostNames() {
        @Override
        public Optional<String> nameOf(InetAddress address) {
            return Optional.empty();
        }

        @Override
        public List<InetAddress> addressesOf(String name) {
            return List.of();
        }
    };

    @TempDir
    Path directory = Path.of(".");

    private HbaRules parse(String... lines) throws IOException, InvalidFileException {
        return HbaParser.parse(Files.writeString(directory.resolve("pool_hba.conf"), String.join("\n", lines)));
    }

    private static String method(HbaRules rules, String database, String user, @Nullable String address, boolean tls) {
        var from = address == null ? null : InetAddress.ofLiteral(address);
        return switch (match(rules, new HbaRequest(database, user, false, from, tls))) {
            case HbaMatch.Matched(var rule) -> rule.method().label();
            case HbaMatch.NoEntry() -> "none";
            case HbaMatch.Undecided(var why) -> why;
        };
    }

    private static HbaMatch match(HbaRules rules, HbaRequest request) {
        return rules.match(request, (user, role) -> user.equals(role), NO_NAMES);
    }

    private static String from(HbaRules rules, String address) {
        return method(rules, "db", "me", address, false);
    }

    @Test
    void takesTheFirstRuleThatMatches() throws Exception {
        var rules = parse("# comment", "", "host all me 10.0.0.0/8 reject # why", "host all all 0.0.0.0/0 trust");

        assertThat(from(rules, "10.1.2.3")).isEqualTo("reject");
        assertThat(from(rules, "11.1.2.3")).isEqualTo("trust");
    }

    @Test
    void refusesWhatNoRuleMatches() throws Exception {
        var rules = parse("host db me 127.0.0.1/32 trust");

        assertThat(from(rules, "127.0.0.2")).isEqualTo("none");
        assertThat(method(rules, "other", "me", "127.0.0.1", false)).isEqualTo("none");
        assertThat(method(rules, "db", "you", "127.0.0.1", false)).isEqualTo("none");
        assertThat(parse().rules()).isEmpty();
    }

    @Test
    void tellsTheWaysToConnectApart() throws Exception {
        var rules = parse(
                "local all all md5",
                "hostssl all all all scram-sha-256",
                "hostnossl all all all password",
                "host all all all reject");

        assertThat(method(rules, "db", "me", null, false)).isEqualTo("md5");
        assertThat(method(rules, "db", "me", "::1", true)).isEqualTo("scram-sha-256");
        assertThat(method(rules, "db", "me", "::1", false)).isEqualTo("password");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, 11.0.0.0",
        "192.168.1.128/25, 192.168.1.128, 192.168.1.127",
        "0.0.0.0/0, 1.2.3.4, ::1",
        "::/0, fe80::1, 1.2.3.4",
        "2001:db8::/33, 2001:db8:7fff::1, 2001:db8:8000::1",
        "::1/128, ::1, ::2",
        "172.16.0.0 255.240.0.0, 172.31.9.9, 172.32.0.1",
        "fe80:: ffff::, fe80:1::, fe81::"
    })
    void matchesNetworks(String network, String inside, String outside) throws Exception {
        var rules = parse("host all all " + network + " trust");

        assertThat(from(rules, inside)).isEqualTo("trust");
        assertThat(from(rules, outside)).isEqualTo("none");
    }

    @Test
    void knowsItsOwnHostAndNetworks() throws Exception {
        var host = parse("host all all samehost trust");
        var net = parse("host all all samenet trust");

        assertThat(from(host, "127.0.0.1")).isEqualTo("trust");
        assertThat(from(host, "127.0.0.99")).isEqualTo("none");
        assertThat(from(net, "127.0.0.99")).isEqualTo("trust");
        var own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .findFirst()
                .orElseThrow();
        assertThat(match(host, new HbaRequest("db", "me", false, own, false))).isInstanceOf(HbaMatch.Matched.class);
    }

    @Test
    void readsListsQuotesAndContinuedLines() throws Exception {
        var rules = parse("host a,\"b c\" me,\"all\", you \\", " 127.0.0.1/32 trust");

        assertThat(method(rules, "b c", "you", "127.0.0.1", false)).isEqualTo("trust");
        assertThat(method(rules, "a", "all", "127.0.0.1", false)).isEqualTo("trust");
        assertThat(method(rules, "a", "someone", "127.0.0.1", false)).isEqualTo("none");
    }

    @Test
    void readsNamesFromFiles() throws Exception {
        Files.writeString(directory.resolve("names"), "me, you # two\n@more\n");
        Files.writeString(directory.resolve("more"), "them\n");
        var rules = parse("host all @names all trust");

        for (var user : new String[] {"me", "you", "them"})
            assertThat(method(rules, "db", user, "::1", false)).isEqualTo("trust");
        assertThat(method(rules, "db", "other", "::1", false)).isEqualTo("none");
    }

    @Test
    void sameuserIsTheDatabaseNamedLikeTheUser() throws Exception {
        var rules = parse("host sameuser all all trust", "host \"sameuser\" all all reject");

        assertThat(method(rules, "me", "me", "::1", false)).isEqualTo("trust");
        assertThat(method(rules, "sameuser", "me", "::1", false)).isEqualTo("reject");
        assertThat(method(rules, "db", "me", "::1", false)).isEqualTo("none");
    }

    @Test
    void reportsEveryErrorWithItsLine() {
        assertThatThrownBy(() -> parse(
                        "host all all all trust",
                        "hots all all all trust",
                        "host all all 10.0.0.0/33 trust",
                        "host all all example.org trust",
                        "host all all all ldap ldapserver=x",
                        "host all",
                        "host all +staff all trust",
                        "host replication all all trust",
                        "host all \"me all trust",
                        "host all /^a all trust",
                        "host all all 10.0.0.0 255.0.0 trust",
                        "include other",
                        "hostssl all all all scram-sha-256 clientcert=verify-full",
                        "host all @absent all trust",
                        "host samerole all all trust"))
                .isInstanceOfSatisfying(InvalidFileException.class, invalid -> {
                    assertThat(invalid.problems())
                            .extracting("line")
                            .containsExactly(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
                    assertThat(invalid)
                            .hasMessageContaining("pool_hba.conf:2: connection type \"hots\" (expected: local");
                    assertThat(invalid).hasMessageContaining(":5: authentication method \"ldap\" is not supported");
                });
    }

    @Test
    void knowsTheMethodsWithPasswords() throws Exception {
        var known = EnumSet.range(AuthenticationMethod.TRUST, AuthenticationMethod.SCRAM_SHA_256);
        known.addAll(EnumSet.range(AuthenticationMethod.MD5, AuthenticationMethod.PASSWORD));
        for (var method : known)
            assertThat(from(parse("host all all all " + method.label()), "::1")).isEqualTo(method.label());
    }
}
