package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.pgdrover.auth.InvalidFileException;

/// No bytes make the readers of pool_hba.conf and pg_ident.conf fail in another way than they say, nor
/// matching against what they gave.
class HbaFuzzTest {
    private static final RoleMemberships ROLES = (user, role) -> {
        if (role.length() % 2 == 0) throw new RoleMemberships.Unknown("even");
        return user.equals(role);
    };
    private static final HostNames HOSTS = new HostNames() {
        @Override
        public Optional<String> nameOf(InetAddress address) {
            return Optional.of("a.example.org");
        }

        @Override
        public List<InetAddress> addressesOf(String name) throws Unknown {
            throw new Unknown("never");
        }
    };
    private static final List<HbaRequest> REQUESTS = List.of(
            new HbaRequest("db", "ann", false, null, false),
            new HbaRequest("", "ann", true, InetAddress.ofLiteral("::1"), true),
            new HbaRequest(
                    "a\nb\uD800".repeat(100), "a".repeat(10_000), false, InetAddress.ofLiteral("10.0.0.1"), true));

    /// What is fuzzed includes itself, as @x and by a directory.
    private static MemoryFiles files(byte[] content) {
        return new MemoryFiles().with("x", content).with("d/x.conf", content);
    }

    @FuzzTest(maxDuration = "10m")
    void rules(byte[] content) throws IOException, InvalidFileException {
        HbaRules rules;
        try {
            rules = HbaParser.parse(MemoryFiles.path("x"), files(content));
        } catch (InvalidFileException expected) {
            assertThat(expected.problems()).isNotEmpty().allMatch(problem -> problem.line() > 0);
            return;
        }
        for (var request : REQUESTS)
            assertThat(rules.match(request, ROLES, HOSTS)).isNotNull();
        readsWhatItTells(rules);
    }

    /// A rule, as it was understood, is read in the same way again; but for passwords, which it does not
    /// tell, and LDAP's scope.
    private static void readsWhatItTells(HbaRules rules) throws IOException, InvalidFileException {
        var texts = rules.rules().stream()
                .map(HbaRule::text)
                .filter(text -> !text.contains("ldap") && !text.endsWith("\\"))
                .toList();
        if (texts.isEmpty()) return;
        var again = HbaParser.parse(
                MemoryFiles.path("again"),
                new MemoryFiles().with("again", String.join("\n", texts).getBytes(StandardCharsets.UTF_8)));
        assertThat(again.rules().stream().map(HbaRule::text).toList()).isEqualTo(texts);
    }

    @FuzzTest(maxDuration = "10m")
    void maps(byte[] content) throws IOException {
        IdentMaps maps;
        try {
            maps = IdentMaps.parse(MemoryFiles.path("x"), files(content));
        } catch (InvalidFileException expected) {
            assertThat(expected.problems()).isNotEmpty().allMatch(problem -> problem.line() > 0);
            return;
        }
        for (var name : List.of("ann", "", "ann@example.org", "CN=ann,O=\u00e4\n" + "a".repeat(10_000))) {
            try {
                assertThat(maps.permits("m", name, "ann", ROLES) || !maps.permits("m", name, "ann", ROLES))
                        .isTrue();
            } catch (RoleMemberships.Unknown expected) {
                assertThat(maps.needRoles()).isTrue();
            }
        }
    }
}
