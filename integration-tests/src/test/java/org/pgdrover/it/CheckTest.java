package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.server.cli.Main;
import org.pgdrover.server.embedded.EmbeddedCluster;
import picocli.CommandLine;

/// `pgdrover check` on a real cluster: what it complains of is mended by what it says.
class CheckTest {
    @TempDir
    Path directory = Path.of(".");

    private record Checked(int status, String output) {}

    private Checked check() {
        var out = new ByteArrayOutputStream();
        var before = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            int status = new CommandLine(new Main())
                    .execute("check", "-c", directory.resolve("proxy.conf").toString());
            return new Checked(status, out.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void printsTheFunctionThatTheQueryLacksAndListsTheRules() throws Exception {
        try (var cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(1, 18, false))) {
            var nodes = new StringBuilder();
            for (var node : cluster.nodes())
                nodes.append("{ name = ")
                        .append(node.name())
                        .append(", host = 127.0.0.1, port = ")
                        .append(node.port())
                        .append(" }\n");
            Files.writeString(directory.resolve("pool_hba.conf"), """
                    # comment
                    host all  all 127.0.0.1/32 scram-sha-256
                    host all +staff .example.org ldap ldapserver=directory ldapbasedn=dc=x ldapbindpasswd=geheim
                    """);
            Files.writeString(directory.resolve("users.txt"), "");
            Files.writeString(directory.resolve("proxy.conf"), """
                    pgdrover {
                      cluster { nodes = [ %s ], user = pgdrover, password = pgdrover }
                      auth.query.enabled = true
                    }
                    """.formatted(nodes));

            var lacking = check();

            assertThat(lacking.status()).isEqualTo(1);
            assertThat(lacking.output())
                    .contains("ok    pg1: PostgreSQL 18")
                    .contains("pool_hba.conf:2", "pool_hba.conf:3", "+staff", ".example.org")
                    .doesNotContain("geheim")
                    .contains("FAIL  auth.query: ");
            int begin = lacking.output().indexOf("CREATE SCHEMA");
            cluster.nodes().getFirst().sql("postgres", lacking.output().substring(begin));

            var mended = check();

            assertThat(mended.output()).contains("ok    auth.query: works on pg1 as user pgdrover");
            assertThat(mended.status()).isZero();
        }
    }
}
