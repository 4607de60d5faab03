package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which rule is the first that fits a request.
class HbaRulesTest {
    private static final RoleMemberships ROLES =
            (user, role) -> user.equals(role) || Set.of("ann+staff", "ann+team").contains(user + "+" + role);
    private static final RoleMemberships NO_ROLES = (_, _) -> {
        throw new RoleMemberships.Unknown("no node answers");
    };
    private static final Names NAMES = new Names(
            Map.of("10.0.0.1", "App.Example.org", "10.0.0.2", "liar.example.org", "10.0.0.3", "example.org"),
            Map.of("App.Example.org", "10.0.0.1", "liar.example.org", "10.9.9.9", "example.org", "10.0.0.3"));

    /// A domain name system of a few names; 10.0.0.66 gets no answer, and the name of 10.0.0.67 none
    /// either.
    private record Names(Map<String, String> names, Map<String, String> addresses) implements HostNames {
        @Override
        public Optional<String> nameOf(InetAddress address) throws Unknown {
            if (address.getHostAddress().equals("10.0.0.66")) throw new Unknown("timed out");
            if (address.getHostAddress().equals("10.0.0.67")) return Optional.of("slow.example.org");
            return Optional.ofNullable(names.get(address.getHostAddress()));
        }

        @Override
        public List<InetAddress> addressesOf(String name) throws Unknown {
            if (name.equals("slow.example.org")) throw new Unknown("timed out");
            var address = addresses.get(name);
            return address == null ? List.of() : List.of(InetAddress.ofLiteral(address));
        }
    }

    private static HbaRules parse(String... lines) throws Exception {
        return HbaParser.parse(MemoryFiles.path("hba"), new MemoryFiles().with("hba", lines));
    }

    private static String match(HbaRules rules, HbaRequest request, RoleMemberships roles) {
        return switch (rules.match(request, roles, NAMES)) {
            case HbaMatch.Matched(var rule) -> Integer.toString(rule.line());
            case HbaMatch.NoEntry() -> "none";
            case HbaMatch.Undecided(var why) -> why;
        };
    }

    private static HbaRequest from(@Nullable String address) {
        return request("db", "ann", address, false);
    }

    private static HbaRequest request(String database, String user, @Nullable String address, boolean tls) {
        return new HbaRequest(database, user, false, address == null ? null : InetAddress.ofLiteral(address), tls);
    }

    @Test
    void takesTheFirstRuleThatFits() throws Exception {
        var rules = parse("# comment", "", "host all ann 10.0.0.0/8 reject # why", "host all all 0.0.0.0/0 trust");

        assertThat(match(rules, from("10.1.2.3"), ROLES)).isEqualTo("3");
        assertThat(match(rules, from("11.1.2.3"), ROLES)).isEqualTo("4");
        assertThat(match(rules, from("::1"), ROLES)).isEqualTo("none");
        assertThat(match(rules, from(null), ROLES)).isEqualTo("none");
    }

    @ParameterizedTest
    @CsvSource({
        "local,        '',        false, true",
        "local,        127.0.0.1, false, false",
        "local,        127.0.0.1, true,  false",
        "host,         '',        false, false",
        "host,         127.0.0.1, false, true",
        "host,         127.0.0.1, true,  true",
        "hostssl,      127.0.0.1, false, false",
        "hostssl,      127.0.0.1, true,  true",
        "hostnossl,    127.0.0.1, false, true",
        "hostnossl,    127.0.0.1, true,  false",
        "hostgssenc,   127.0.0.1, false, false",
        "hostgssenc,   127.0.0.1, true,  false",
        "hostnogssenc, 127.0.0.1, false, true",
        "hostnogssenc, 127.0.0.1, true,  true",
        "hostnogssenc, '',        false, false"
    })
    void tellsTheWaysToConnectApart(String type, String address, boolean tls, boolean fits) throws Exception {
        var rules = parse(type + " all all " + (type.equals("local") ? "" : "all ") + "trust");

        assertThat(match(rules, request("db", "ann", address.isEmpty() ? null : address, tls), ROLES))
                .isEqualTo(fits ? "1" : "none");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, 11.0.0.0",
        "10.1.2.3/8, 10.255.255.255, 11.0.0.0",
        "192.168.1.128/25, 192.168.1.128, 192.168.1.127",
        "0.0.0.0/0, 1.2.3.4, ::1",
        "10.0.0.1/32, 10.0.0.1, 10.0.0.2",
        "::/0, fe80::1, 1.2.3.4",
        "2001:db8::/33, 2001:db8:7fff::1, 2001:db8:8000::1",
        "::1/128, ::1, ::2",
        "172.16.0.0 255.240.0.0, 172.31.9.9, 172.32.0.1",
        "10.0.0.1 255.0.0.255, 10.9.9.1, 10.0.0.2",
        "fe80:: ffff::, fe80:1::, fe81::",
        "all, ::1, ",
        "0.0.0.0/0, 10.0.0.1, ::ffff:0:1"
    })
    void fitsNetworks(String network, String inside, @Nullable String outside) throws Exception {
        var rules = parse("host all all " + network + " trust");

        assertThat(match(rules, from(inside), ROLES)).isEqualTo("1");
        if (outside != null && !outside.startsWith("::ffff"))
            assertThat(match(rules, from(outside), ROLES)).isEqualTo("none");
    }

    @Test
    void aMappedAddressInARuleIsIpv6() throws Exception {
        var rules = parse("host all all ::ffff:10.0.0.1/128 trust", "host all all ::ffff:10.0.0.0/104 trust");

        assertThat(match(rules, from("10.0.0.1"), ROLES)).isEqualTo("none");
    }

    @Test
    void knowsItsOwnHostAndNetworks() throws Exception {
        var host = parse("host all all samehost trust");
        var net = parse("host all all samenet trust");

        assertThat(match(host, from("127.0.0.1"), ROLES)).isEqualTo("1");
        assertThat(match(host, from("127.0.0.99"), ROLES)).isEqualTo("none");
        assertThat(match(net, from("127.0.0.99"), ROLES)).isEqualTo("1");
        var own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .toList();
        for (var address : own)
            assertThat(match(host, new HbaRequest("db", "ann", false, address, false), ROLES))
                    .isEqualTo("1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "all            | db          | true",
                "db             | db          | true",
                "db             | DB          | false",
                "a,db           | db          | true",
                "\"all\"        | db          | false",
                "\"all\"        | all         | true",
                "sameuser       | ann         | true",
                "sameuser       | db          | false",
                "\"sameuser\"   | sameuser    | true",
                "samerole       | staff       | true",
                "samegroup      | staff       | true",
                "samerole       | ann         | true",
                "samerole       | db          | false",
                "replication    | replication | false",
                "\"replication\"| replication | true",
                "/^d            | db          | true",
                "/^x            | db          | false",
                "\"/^d b$\"     | d b         | true",
                "+staff         | +staff      | true",
                "x,/b$,y        | db          | true"
            })
    void fitsDatabases(String databases, String database, boolean fits) throws Exception {
        var rules = parse("host " + databases + " all all trust");

        assertThat(match(rules, request(database, "ann", "::1", false), ROLES)).isEqualTo(fits ? "1" : "none");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "all         | ann         | true",
                "ann         | ann         | true",
                "ann         | Ann         | false",
                "ann,bob     | bob         | true",
                "+staff      | ann         | true",
                "+staff      | bob         | false",
                "+staff      | staff       | true",
                "\"+staff\"  | ann         | false",
                "\"+staff\"  | +staff      | true",
                "/^a.*n$     | ann         | true",
                "/^a$        | ann         | false",
                "sameuser    | ann         | false",
                "sameuser    | sameuser    | true",
                "replication | replication | true"
            })
    void fitsUsers(String users, String user, boolean fits) throws Exception {
        var rules = parse("host all " + users + " all trust");

        assertThat(match(rules, request("db", user, "::1", false), ROLES)).isEqualTo(fits ? "1" : "none");
    }

    @Test
    void physicalReplicationFitsItsKeywordAlone() throws Exception {
        var physical = new HbaRequest("", "ann", true, null, false);
        var rules = parse(
                "local all all trust",
                "local /.* all trust",
                "local sameuser,\"replication\" all trust",
                "local x,replication all trust");

        assertThat(match(rules, physical, ROLES)).isEqualTo("4");
        assertThat(match(parse("local replication bob trust"), physical, ROLES)).isEqualTo("none");
        assertThat(match(parse("local replication all trust"), from(null), ROLES))
                .isEqualTo("none");
    }

    @ParameterizedTest
    @CsvSource({
        "app.example.org, 10.0.0.1, 1",
        "APP.EXAMPLE.ORG, 10.0.0.1, 1",
        ".example.org,    10.0.0.1, 1",
        ".Example.Org,    10.0.0.1, 1",
        "ample.org,       10.0.0.1, none",
        "example.org,     10.0.0.1, none",
        ".example.org,    10.0.0.3, none",
        "example.org,     10.0.0.3, 1",
        "liar.example.org,10.0.0.2, none",
        "app.example.org, 10.0.0.9, none"
    })
    void fitsHostNamesThatLeadBackToTheAddress(String name, String address, String matched) throws Exception {
        var rules = parse("host all all " + name + " trust");

        assertThat(rules.needHostNames()).isTrue();
        assertThat(match(rules, from(address), ROLES)).isEqualTo(matched);
    }

    @Test
    void aNameThatCannotBeLookedUpDecidesNothing() throws Exception {
        var rules = parse("host all all app.example.org reject", "host all all 10.0.0.0/8 trust");

        assertThat(match(rules, from("10.0.0.66"), ROLES))
                .isEqualTo("the host name of 10.0.0.66 cannot be looked up: timed out");
        assertThat(match(rules, from("10.0.0.67"), ROLES)).isEqualTo("2");
        assertThat(match(
                        parse("host all all .example.org reject", "host all all 10.0.0.0/8 trust"),
                        from("10.0.0.67"),
                        ROLES))
                .isEqualTo("the host name of 10.0.0.67 cannot be looked up: timed out");
    }

    @Test
    void aNameIsAskedForOnlyIfTheRestOfTheRuleFits() throws Exception {
        var rules = parse(
                "host other all app.example.org reject",
                "host all bob app.example.org reject",
                "host all all all trust");

        assertThat(match(rules, from("10.0.0.66"), ROLES)).isEqualTo("3");
    }

    @Test
    void membershipsThatAreNotKnownDecideNothing() throws Exception {
        var rules = parse("host all +staff all reject", "host all all all trust");

        assertThat(rules.needRoles()).isTrue();
        assertThat(rules.needHostNames()).isFalse();
        assertThat(match(rules, from("::1"), NO_ROLES))
                .isEqualTo("it is not known whether \"ann\" is a member of role \"staff\": no node answers");
        assertThat(match(rules, from("::1"), ROLES)).isEqualTo("1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host samerole bob all reject   | 2",
                "host other +staff all reject   | 2",
                "host all +staff 10.0.0.0/8 reject | 2",
                "hostssl all +staff all reject  | 2",
                "host all ann,+staff all reject | 1",
                "host all +staff,ann all reject | 1",
                "host samerole,db ann all reject | 1",
                "host samerole +staff all reject | it is not known"
            })
    void whatIsNotKnownMattersOnlyIfTheRestOfTheRuleFits(String rule, String matched) throws Exception {
        assertThat(match(parse(rule, "host all all all trust"), from("::1"), NO_ROLES))
                .startsWith(matched);
    }

    @Test
    void cutsLongNamesAsPostgresqlDoes() throws Exception {
        var name = "n".repeat(63);
        var rules = parse("local all " + name + " reject", "local all \u00e4 trust");

        assertThat(match(rules, request("db", name + "x", null, false), ROLES)).isEqualTo("1");
        assertThat(match(rules, request("db", "n".repeat(62) + "\u00e4", null, false), ROLES))
                .isEqualTo("none");
        assertThat(match(rules, request("db", "\u00e4", null, false), ROLES)).isEqualTo("2");
    }

    @Test
    void asksForNoRolesAndNamesWithoutNeed() throws Exception {
        var rules = parse("host db,/x ann 10.0.0.0/8 trust", "local sameuser all trust");

        assertThat(rules.needRoles()).isFalse();
        assertThat(rules.needHostNames()).isFalse();
    }
}
