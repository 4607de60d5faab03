package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.hba.HbaMatch;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRequest;
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.IdentMaps;
import org.pgdrover.auth.hba.RoleMemberships;

/**
 * The same pg_hba.conf and pg_ident.conf, in PostgreSQL 18 and in ours, decide the same of the same connection, by the same line.
 *
 * <p>What differs on purpose is in docs/authentication.md, and in HbaParserTest.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HbaDifferentialTest {
    private static final String NAME_63 = "n".repeat(63);

    private HbaServer server;
    private Set<String> memberships;
    private int cases;

    /** @param replicates whether it is for logical replication, in a database */
    private record Attempt(HbaRequest request, boolean replicates) {}

    /** Only one name is sure on every machine. */
    private static final HostNames HOSTS = new HostNames() {
        @Override
        public Optional<String> nameOf(InetAddress address) {
            return address.getHostAddress().equals("127.0.0.1") ? Optional.of("localhost") : Optional.empty();
        }

        @Override
        public List<InetAddress> addressesOf(String name) {
            return List.of(InetAddress.ofLiteral("127.0.0.1"));
        }
    };

    @BeforeAll
    void start() throws Exception {
        server = new HbaServer();
        server.node()
                .sql(
                        "postgres",
                        "CREATE ROLE staff",
                        "CREATE ROLE team IN ROLE staff",
                        "CREATE ROLE ann LOGIN IN ROLE team",
                        "CREATE ROLE bob LOGIN NOINHERIT",
                        "GRANT team TO bob WITH INHERIT FALSE, SET FALSE",
                        "CREATE ROLE carl LOGIN REPLICATION",
                        "CREATE ROLE boss LOGIN SUPERUSER",
                        "CREATE ROLE \"all\" LOGIN",
                        "CREATE ROLE \"Mixed, Case\" LOGIN IN ROLE staff",
                        "CREATE ROLE \"+staff\" LOGIN",
                        "CREATE ROLE \"ro le\"",
                        "GRANT \"ro le\" TO carl");
        memberships = server.memberships();
    }

    @AfterAll
    void stop() {
        System.out.println("HBA cases that PostgreSQL and the proxy decided alike: " + cases);
        server.close();
        assertThat(cases).isGreaterThan(200);
    }

    private RoleMemberships roles() {
        return (user, role) -> memberships.contains(user + "+" + role);
    }

    private static HbaRequest request(String database, String user, @Nullable String address, boolean tls) {
        return new HbaRequest(database, user, false, address == null ? null : InetAddress.ofLiteral(address), tls);
    }

    /** Every way to come, with names that fit this and that. */
    private static List<Attempt> attempts(String... more) {
        var attempts = new ArrayList<Attempt>();
        for (var names : Stream.concat(
                        Stream.of("db ann", "staff bob", "ann ann", "db carl", "replication boss"), Stream.of(more))
                .toList()) {
            var split = names.split(" ", 2);
            attempts.add(new Attempt(request(split[0], split[1], null, false), false));
            attempts.add(new Attempt(request(split[0], split[1], "127.0.0.1", false), false));
            attempts.add(new Attempt(request(split[0], split[1], "127.1.2.3", false), false));
            attempts.add(new Attempt(request(split[0], split[1], "::1", false), false));
        }
        attempts.add(new Attempt(request("db", "ann", "127.0.0.1", true), false));
        attempts.add(new Attempt(request("db", "bob", "127.200.0.1", true), false));
        attempts.add(new Attempt(request("db", "ann", "::1", true), false));
        attempts.add(new Attempt(new HbaRequest("", "carl", true, null, false), false));
        attempts.add(new Attempt(new HbaRequest("", "ann", true, InetAddress.ofLiteral("127.0.0.1"), true), false));
        attempts.add(new Attempt(request("postgres", "carl", null, false), true));
        attempts.add(new Attempt(request("replication", "carl", "127.0.0.1", false), true));
        return attempts;
    }

    static Stream<List<String>> files() {
        return Stream.of(
                List.of("""
                        # types, and the first that fits
                        local     all  ann  password
                        hostssl   all  all  127.0.0.0/8  trust
                        hostnossl all  all  127.0.0.1/32 password
                        host      all  bob  all          trust
                        hostnogssenc db carl ::1/128     trust
                        local     all  all  trust
                        """),
                List.of("""
                        host all all ::/0 password
                        host all all 127.0.0.1 255.255.255.255 trust
                        hostnossl all all 127.1.0.0 255.255.0.0 password
                        hostssl all all 127.128.0.0/9 trust
                        host all all 0.0.0.0/0 reject
                        """),
                List.of("""
                        host all all ::ffff:127.0.0.1/128 trust
                        host all all 0.0.0.3 0.0.0.255 trust
                        host all ann 127.9.9.9/8 password
                        host all all 127.0.0.0/31 trust
                        host all all ::/127 trust
                        """),
                List.of("""
                        hostgssenc all all all trust
                        hostnogssenc ann all all trust
                        hostnogssenc all all all password
                        """),
                List.of(
                        """
                        local sameuser all trust
                        local samerole all password
                        local samegroup all trust
                        host samerole bob all trust
                        host sameuser,samerole all all password
                        host all +staff all trust
                        host all +team all password
                        host all +boss all trust
                        """,
                        "team ann",
                        "ann bob",
                        "ghost ghost",
                        "staff boss",
                        "staff staff",
                        "postgres boss",
                        "all all"),
                List.of("""
                        local all +ghost trust
                        local all +staff,carl password
                        local all +"ro le" trust
                        host all "+staff" all trust
                        host all +carl all password
                        host all +boss all trust
                        """, "db +staff", "db staff", "db ghost", "db Mixed, Case"),
                List.of("""
                        local all "all" trust
                        local "all" all password
                        local "sameuser" all trust
                        local "replication" all password
                        local all ""ann trust
                        host all "Mixed, Case","a""b" all trust
                        host "d b",db, ann , carl all password
                        """, "all ann", "sameuser ann", "db Mixed, Case", "db a\"b", "db all", "db Ann", "DB ann"),
                List.of("""
                        local replication all trust
                        host replication,db all all password
                        host all all all trust
                        """, "replication ann"),
                List.of("""
                        local all,replication carl trust
                        local replication all password
                        local all all trust
                        """),
                List.of("""
                        local /repl all trust
                        local all all password
                        host /^d.$ all all trust
                        host "/^s t" /^(a|b) 127.0.0.1/32 password
                        host x,/^s /b$ all trust
                        host all /^(ca)?rl$ all trust
                        host all /^(ca|x)rl$ all trust
                        host all /. all password
                        """, "s t bob", "sx bob", "db rl", "x\nd ann"),
                List.of("""
                        local all /^[[:alpha:]]{3}$ trust
                        local all /(?i)^CARL$ password
                        local all /^\\\\w+[.]x\\\\.y$ trust
                        local all /^[^a-c]+$ password
                        local all / trust
                        """.replace("\\\\", "\\"), "db Carl", "db n.x.y", "db nzxzy", "db b.x.y", "db \u00e4\u00e4"),
                List.of("""
                        host all all localhost trust
                        host all all .localhost trust
                        host all all LOCALHOST password
                        local all all trust
                        """),
                List.of("""
                        host all bob .ocalhost trust
                        host all carl LocalHost password
                        host db all samehost trust
                        host all all samenet password
                        """),
                List.of("""
                        local @names all trust
                        host all @"more names" 127.0.0.1/32 trust
                        host all @names,bob all password
                        """),
                List.of("""
                        include inc/one.conf
                        include_if_exists inc/absent.conf
                        include_if_exists "inc/two .conf"
                        include_dir inc/dir
                        local all all trust
                        """, "three ann", "four bob"),
                List.of("""
                        local \\
                          all \\
                          ann trust
                        host all "b\\
                        ob" all \\
                        trust
                        # comment \\
                        host all all all reject
                        host all all all password \\
                        # trailing
                        local all all trust\\

                        local all all reject
                        """.replace("\\\\", "\\")),
                List.of(
                        "host\tdb,, ann\tall 127.0.0.1/32 trust\r\nhost db, ann bob,,carl all trust\r\nhost all all all password#x\r\n"
                                + "\"local\" \"db\"\"\" all \"trust\"\nlocal all all trust\n",
                        "db\" ann"),
                List.of(
                        "local " + NAME_63 + " all trust\nlocal all " + NAME_63
                                + " password\nlocal all /nnn$ trust\nlocal all /n password\n"
                                + "host all all all trust\n",
                        NAME_63 + " bob",
                        "db " + NAME_63,
                        NAME_63 + "n bob",
                        "db " + NAME_63 + "n",
                        "db " + NAME_63 + "xyz",
                        "db " + "n".repeat(62) + "\u00e4",
                        "db " + "\u00e4".repeat(31) + "xy"),
                List.of("local all all md5\nhostssl all all all scram-sha-256\nhost all all all reject\n"),
                List.of("host all all 10.0.0.0/8 trust\nhostssl all ghost all trust\n"));
    }

    @ParameterizedTest
    @MethodSource("files")
    void decidesAsPostgresqlDoes(List<String> file) throws Exception {
        server.write("names", "ann # me\n@deeper\n\"d b\",db");
        server.write("deeper", "staff\n\n/^repl");
        server.write("more names", "+staff , boss");
        server.write("inc/one.conf", "# one\nhost three all all trust\ninclude deeper.conf\n");
        server.write("inc/deeper.conf", "include \"two .conf\"\nhost all carl all trust\n");
        server.write("inc/two .conf", "host four all all trust\n");
        server.write("inc/dir/b.conf", "host all bob all trust\n");
        server.write("inc/dir/B.conf", "host db all 127.0.0.1/32 trust\n");
        server.write("inc/dir/.a.conf", "host all all all reject\n");
        server.write("inc/dir/a.conf~", "host all all all reject\n");
        server.write("inc/dir/z10.conf", "host all all ::1/128 password\n");
        server.write("inc/dir/z9.conf", "host all all all trust\n");
        server.write("pg_hba.conf", file.getFirst());
        server.reload();
        var rules = HbaParser.parse(server.file("pg_hba.conf"));

        var differences = new TreeMap<String, String>();
        for (var attempt : attempts(file.subList(1, file.size()).toArray(String[]::new))) {
            var theirs = server.ask(attempt.request(), attempt.replicates());
            var ours = switch (rules.match(attempt.request(), roles(), HOSTS)) {
                case HbaMatch.Matched(var rule) ->
                    new HbaServer.Verdict(
                            asked(rule.method()), theirs.place().isEmpty() ? "" : rule.file() + ":" + rule.line());
                case HbaMatch.NoEntry() -> new HbaServer.Verdict("none", "");
                case HbaMatch.Undecided(var why) -> new HbaServer.Verdict(why, "");
            };
            cases++;
            if (!ours.equals(theirs)) differences.put(attempt.toString(), "PostgreSQL: " + theirs + ", proxy: " + ours);
        }

        assertThat(differences).isEmpty();
    }

    /** With method md5, whoever has no password of that form is asked for SCRAM. */
    private static String asked(AuthenticationMethod method) {
        return (method == AuthenticationMethod.MD5 ? AuthenticationMethod.SCRAM_SHA_256 : method).label();
    }

    private static final List<String> WRONG = List.of(
            "hosts all all all trust",
            "local",
            "local all",
            "local all all",
            "host all all",
            "host all all all",
            "host all all 127.0.0.1 trust",
            "host all all 127.0.0.1",
            "host all all 127.0.0.1/33 trust",
            "host all all 127.0.0.1/ trust",
            "host all all 127.0.0.1/x trust",
            "host all all ::1/129 trust",
            "host all all localhost/8 trust",
            "host all all 127.0.0.1 ffff:: trust",
            "host all all 127.0.0.1 255.0.0.0.0 trust",
            "host all all 300.0.0.1/8 trust",
            "host all all 127.0.0.1/8,10.0.0.0/8 trust",
            "local,host all all trust",
            "local all all trust,md5",
            "local all all Trust",
            "local all all scram",
            "local /( all trust",
            "local all /[a trust",
            "local all /a** trust",
            "host all all all peer",
            "host all all all cert",
            "local all all cert",
            "hostnossl all all all cert",
            "local all all trust map=x",
            "local all all md5 clientcert=verify-ca",
            "host all all all md5 clientcert=verify-full",
            "hostssl all all all cert clientcert=verify-ca",
            "host all all all md5 clientname=CN",
            "local all all trust nonsense",
            "local all all trust nonsense=1",
            "local all all trust ldapserver=x",
            "local all all trust radiusservers=127.0.0.1",
            "local all all trust issuer=x",
            "local all all trust include_realm=1",
            "local all all pam",
            "local all all gss",
            "local all all sspi",
            "local all all bsd",
            "include absent",
            "include_dir absent",
            "include",
            "include a b",
            "local @absent all trust",
            "local all @circle trust",
            "include circle.conf");

    private static final List<String> RIGHT = List.of(
            "local all all trust",
            "\"local\" all all \"trust\"",
            "local all all peer map=x",
            "local all all peer map=x map=y",
            "local all all peer map=",
            "hostssl all all all trust clientcert=verify-ca",
            "hostssl all all all md5 clientcert=verify-full clientname=DN",
            "hostssl all all all cert clientcert=verify-full map=x,clientname=CN",
            "host all all all reject",
            "host all all 127.0.0.1/08 trust",
            "host all all 127.0.0.1 0.0.0.255 trust",
            "host all all a_b.example.org trust",
            "include_if_exists absent",
            "include empty",
            "# comment",
            "",
            "local all all password # comment");

    @Test
    void findsTheSameLinesWrong() throws Exception {
        server.write("circle", "@circle");
        server.write("circle.conf", "local all all trust\ninclude circle.conf\n");
        server.write("empty", "");
        var lines = new ArrayList<String>();
        for (int i = 0; i < Math.max(WRONG.size(), RIGHT.size()); i++) {
            if (i < WRONG.size()) lines.add(WRONG.get(i));
            if (i < RIGHT.size()) lines.add(RIGHT.get(i));
        }
        server.write("pg_hba.conf", String.join("\n", lines));

        var ours = new TreeSet<String>();
        try {
            HbaParser.parse(server.file("pg_hba.conf"));
        } catch (InvalidFileException invalid) {
            invalid.problems().forEach(problem -> ours.add(problem.file() + ":" + problem.line()));
        }

        assertThat(ours).isEqualTo(server.errors("pg_hba_file_rules"));
        assertThat(ours).hasSize(WRONG.size());
        cases += lines.size();
    }

    @Test
    void mapsNamesAsPostgresqlDoes() throws Exception {
        server.write("more.conf", "more more ann\n");
        server.write("pg_ident.conf", """
                m exact ann
                m exact bob
                m "two words" "all"
                m anybody all
                m anybody2 "all"
                m member +staff
                m member2 "+staff"
                m pattern /^c
                m /^(.*)@example\\.org$ \\1
                m /^(.*)@member$ +staff
                m /^x(y)?z$ a\\1
                m xz ann
                m /^(.+)-(.+)$ \\1\\2
                n exact carl
                include more.conf
                m "/^q q$" ann
                m /^any /.
                """);
        server.write("pg_hba.conf", "hostssl all all all cert map=m\n");
        server.reload();
        var maps = IdentMaps.parse(server.file("pg_ident.conf"));

        var differences = new TreeMap<String, Boolean>();
        for (var name : List.of(
                "exact",
                "EXACT",
                "two words",
                "anybody",
                "anybody2",
                "member",
                "member2",
                "pattern",
                "ann@example.org",
                "ann@example.com",
                "all@example.org",
                "+staff@example.org",
                "x@member",
                "xyz",
                "xz",
                "a-b",
                "more",
                "q q",
                "anything")) {
            for (var user : List.of("ann", "bob", "carl", "all", "+staff", "boss", "ay", "ab", "a\\2")) {
                boolean theirs = server.admits("CN=\"" + name + "\"", user);
                cases++;
                if (theirs != maps.permits("m", name, user, roles())) differences.put(name + " as " + user, theirs);
            }
        }

        assertThat(differences).isEmpty();
    }

    @Test
    void findsTheSameMapsWrong() throws Exception {
        server.write("pg_ident.conf", """
                m os ann
                m
                m os
                m,n os ann
                m os,so ann
                m os ann,bob
                m /( ann
                m os /(
                include absent
                m os all

                # comment
                "m" "o s" +staff
                """);

        var ours = new TreeSet<String>();
        try {
            IdentMaps.parse(server.file("pg_ident.conf"));
        } catch (InvalidFileException invalid) {
            invalid.problems().forEach(problem -> ours.add(problem.file() + ":" + problem.line()));
        }

        assertThat(ours).hasSize(8).isEqualTo(server.errors("pg_ident_file_mappings"));
        cases += 11;
    }
}
