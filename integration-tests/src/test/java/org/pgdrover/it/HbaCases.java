package org.pgdrover.it;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.hba.HbaRequest;

/// Files in the form of pg_hba.conf, and connections to hold against them: a table, long as tables are.
final class HbaCases {
    private HbaCases() {}

    private static final String NAME_63 = "n".repeat(63);

    /// @param replicates whether it is for logical replication, in a database
    record Attempt(HbaRequest request, boolean replicates) {}

    private static HbaRequest request(String database, String user, @Nullable String address, boolean tls) {
        return new HbaRequest(database, user, false, address == null ? null : InetAddress.ofLiteral(address), tls);
    }

    /// Every way to come, with names that fit this and that.
    static List<Attempt> attempts(String... more) {
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

    static final List<String> WRONG = List.of(
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

    static final List<String> RIGHT = List.of(
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
}
