package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.IdentMaps;
import org.pgdrover.auth.hba.RoleMemberships;

/// The same pg_hba.conf and pg_ident.conf, in PostgreSQL 18 and in ours, decide the same of the same
/// connection, by the same line.
///
/// What differs on purpose is in docs/authentication.md, and in HbaParserTest.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HbaDifferentialTest {
    private HbaServer server;
    private Set<String> memberships;
    private int cases;

    /// As the C library, which the server asks, has it.
    private static final HostNames HOSTS = new HostNames() {
        @Override
        public Optional<String> nameOf(InetAddress address) {
            var name = address.getCanonicalHostName();
            return name.equals(address.getHostAddress()) ? Optional.empty() : Optional.of(name);
        }

        @Override
        public List<InetAddress> addressesOf(String name) {
            try {
                return List.of(InetAddress.getAllByName(name));
            } catch (UnknownHostException absent) {
                return List.of();
            }
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
        System.out.println("HBA cases compared with PostgreSQL: " + cases);
        server.close();
        assertThat(cases).isGreaterThan(200);
    }

    private RoleMemberships roles() {
        return (user, role) -> memberships.contains(user + "+" + role);
    }

    @ParameterizedTest
    @MethodSource("org.pgdrover.it.HbaCases#files")
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
        for (var attempt : HbaCases.attempts(file.subList(1, file.size()).toArray(String[]::new))) {
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

    /// With method md5, whoever has no password of that form is asked for SCRAM.
    private static String asked(AuthenticationMethod method) {
        return (method == AuthenticationMethod.MD5 ? AuthenticationMethod.SCRAM_SHA_256 : method).label();
    }

    @Test
    void findsTheSameLinesWrong() throws Exception {
        server.write("circle", "@circle");
        server.write("circle.conf", "local all all trust\ninclude circle.conf\n");
        server.write("empty", "");
        var lines = new ArrayList<String>();
        for (int i = 0; i < Math.max(HbaCases.WRONG.size(), HbaCases.RIGHT.size()); i++) {
            if (i < HbaCases.WRONG.size()) lines.add(HbaCases.WRONG.get(i));
            if (i < HbaCases.RIGHT.size()) lines.add(HbaCases.RIGHT.get(i));
        }
        server.write("pg_hba.conf", String.join("\n", lines));

        var ours = new TreeSet<String>();
        try {
            HbaParser.parse(server.file("pg_hba.conf"));
        } catch (InvalidFileException invalid) {
            invalid.problems().forEach(problem -> ours.add(problem.file() + ":" + problem.line()));
        }

        assertThat(ours).isEqualTo(server.errors("pg_hba_file_rules"));
        assertThat(ours).hasSize(HbaCases.WRONG.size());
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
            var identity = server.identity("CN=\"" + name + "\"");
            for (var user : List.of("ann", "bob", "carl", "all", "+staff", "boss", "ay", "ab", "a\\2")) {
                boolean theirs = server.admits(identity, user);
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
