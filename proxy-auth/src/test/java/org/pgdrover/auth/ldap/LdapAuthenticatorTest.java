package org.pgdrover.auth.ldap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.InvalidFileException;
import org.pgdrover.auth.TestAuthority;
import org.pgdrover.auth.ldap.LdapOutcome.Accepted;
import org.pgdrover.auth.ldap.LdapOutcome.Denied;
import org.pgdrover.auth.ldap.LdapOutcome.Unavailable;
import org.pgdrover.auth.ldap.LdapSettings.Scope;

/// In front of a real slapd.
class LdapAuthenticatorTest {
    private static final Duration TIMEOUT = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final String PEOPLE = "ou=people,dc=example,dc=org";
    private static final String ALICE = "uid=alice," + PEOPLE;
    private static final String EVE = "uid=eve,ou=guests," + PEOPLE;
    private static final String PASSWORD = "wonder land";

    @TempDir
    static Path directory = Path.of(".");

    private static @Nullable TestAuthority authority;
    private static @Nullable Slapd slapd;

    @BeforeAll
    static void start() throws IOException, InterruptedException, GeneralSecurityException {
        Slapd.needed();
        authority = new TestAuthority(directory);
        slapd = new Slapd(directory, authority);
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (slapd != null) slapd.close();
    }

    private static Slapd slapd() {
        return Objects.requireNonNull(slapd);
    }

    private static LdapOutcome authenticate(Rule rule, String user, String password) throws InvalidFileException {
        var caFile = Objects.requireNonNull(authority).caFile();
        return new LdapAuthenticator(caFile, TIMEOUT, TIMEOUT).authenticate(rule.settings(), user, password);
    }

    private static Rule binding() {
        return new Rule(slapd().port).around("uid=", "," + PEOPLE);
    }

    private static Rule searching() {
        return searching("dc=example,dc=org");
    }

    private static Rule searching(String baseDn) {
        return new Rule(slapd().port).under(baseDn);
    }

    /// The two ways to TLS.
    private enum Tls {
        LDAPS,
        START_TLS;

        Rule at(String host, int ldaps, int ldap) {
            var rule = new Rule(ldap).under("dc=example,dc=org").hosts(host);
            return this == LDAPS ? rule.ldaps(ldaps) : rule.startTls();
        }

        Rule at(String host) {
            return at(host, slapd().tlsPort, slapd().port);
        }
    }

    @Test
    void acceptsWhoBindsWithTheRightPassword() throws Exception {
        assertThat(authenticate(binding(), "alice", PASSWORD)).isEqualTo(new Accepted(ALICE));
    }

    @ParameterizedTest
    @CsvSource({"alice, wrong", "alice, Wonder land", "nobody, wonder land", "people, wonder land"})
    void deniesAnybodyElse(String user, String password) throws Exception {
        assertThat(authenticate(binding(), user, password)).isInstanceOf(Denied.class);
        assertThat(authenticate(searching(), user, password)).isInstanceOf(Denied.class);
    }

    @Test
    void deniesAnEmptyPasswordThatTheDirectoryWouldBindAsNobody() throws Exception {
        assertThat(authenticate(binding(), "alice", "")).isEqualTo(new Denied("empty password"));
        assertThat(authenticate(searching(), "alice", "")).isEqualTo(new Denied("empty password"));
    }

    @Test
    void takesAUsersNameForOneValueOfTheDistinguishedName() throws Exception {
        var byCommonName = new Rule(slapd().port).around("cn=", "," + PEOPLE);
        var guests = new Rule(slapd().port).around("uid=", ",ou=guests," + PEOPLE);

        assertThat(authenticate(guests, "eve", "apple")).isEqualTo(new Accepted(EVE));
        assertThat(authenticate(binding(), "eve,ou=guests", "apple")).isInstanceOf(Denied.class);
        assertThat(authenticate(byCommonName, "Smith, Zoë", "pässword")).isInstanceOf(Accepted.class);
    }

    @Test
    void leavesANameAloneThatIsNotPartOfADistinguishedName() throws Exception {
        // Directories other than slapd take such names; this one says that it is none.
        var principal = new Rule(slapd().port).around("EXAMPLE\\", "");

        assertThat(authenticate(principal, "alice", PASSWORD)).isInstanceOf(Denied.class);
    }

    @Test
    void findsTheUserAndBindsAsWhatWasFound() throws Exception {
        assertThat(authenticate(searching(), "alice", PASSWORD)).isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(searching(), "eve", "apple")).isEqualTo(new Accepted(EVE));
        assertThat(authenticate(searching(), "zoë", "pässword")).isInstanceOf(Accepted.class);
    }

    @Test
    void searchesByAnotherAttribute() throws Exception {
        assertThat(authenticate(searching().attribute("mail"), "alice@example.org", PASSWORD))
                .isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(searching().attribute("mail"), "alice", PASSWORD))
                .isInstanceOf(Denied.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "alice@example.org"})
    void searchesByAFilter(String user) throws Exception {
        var people = "(&(objectClass=inetOrgPerson)(|(uid=$username)(mail=$username)))";
        var nobody = "(&(objectClass=device)(|(uid=$username)(mail=$username)))";

        assertThat(authenticate(searching().filter(people), user, PASSWORD)).isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(searching().filter(nobody), user, PASSWORD))
                .isEqualTo(new Denied("LDAP user does not exist: the search returned no entry"));
    }

    @Test
    void searchesAsDeepAsItIsTold() throws Exception {
        assertThat(authenticate(searching(PEOPLE).scope(Scope.ONE), "alice", PASSWORD))
                .isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(searching(PEOPLE).scope(Scope.ONE), "eve", "apple"))
                .isInstanceOf(Denied.class);
        assertThat(authenticate(searching(PEOPLE).scope(Scope.BASE), "alice", PASSWORD))
                .isInstanceOf(Denied.class);
        assertThat(authenticate(searching(ALICE).scope(Scope.BASE), "alice", PASSWORD))
                .isEqualTo(new Accepted(ALICE));
    }

    @Test
    void deniesAUserWhoIsThereMoreThanOnce() throws Exception {
        var several = new Denied("LDAP user is not unique: the search returned several entries");

        assertThat(authenticate(searching(), "twin", "same")).isEqualTo(several);
        assertThat(authenticate(searching().attribute("cn"), "Twin", "same")).isEqualTo(several);
        assertThat(authenticate(searching(PEOPLE).scope(Scope.ONE), "twin", "same"))
                .isInstanceOf(Accepted.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "al*", "alice)(uid=*", "alice\\", "a/b", "(", ")"})
    void refusesToSearchForWhatWouldBePartOfAFilter(String user) throws Exception {
        var refused = new Denied("invalid character in user name for LDAP authentication");

        assertThat(authenticate(searching(), user, PASSWORD)).isEqualTo(refused);
        assertThat(authenticate(searching().filter("(uid=$username)"), user, PASSWORD))
                .isEqualTo(refused);
    }

    @Test
    void searchesAsWhomItIsToldTo() throws Exception {
        var searcher = "cn=searcher,dc=example,dc=org";

        assertThat(authenticate(searching(), "mallory", "hidden")).isInstanceOf(Denied.class);
        assertThat(authenticate(searching().searchingAs(searcher, "searching"), "mallory", "hidden"))
                .isEqualTo(new Accepted("uid=mallory,ou=secret,dc=example,dc=org"));
        assertThat(authenticate(searching().searchingAs(searcher, "wrong"), "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class, outcome -> assertThat(outcome.why()).contains("invalid credentials"));
    }

    @Test
    void saysThatThereIsNoSuchBase() throws Exception {
        assertThat(authenticate(searching("dc=nowhere"), "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class, outcome -> assertThat(outcome.why()).contains("no such object"));
    }

    @ParameterizedTest
    @EnumSource
    void judgesUnderTls(Tls tls) throws Exception {
        assertThat(authenticate(tls.at("localhost"), "alice", PASSWORD)).isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(tls.at("localhost"), "alice", "wrong")).isInstanceOf(Denied.class);
    }

    @ParameterizedTest
    @EnumSource
    void tellsNoPasswordToADirectoryThatNobodyVouchesFor(Tls tls) throws Exception {
        var authenticator = new LdapAuthenticator(null, TIMEOUT, TIMEOUT);

        assertThat(authenticator.authenticate(tls.at("localhost").settings(), "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class, outcome -> assertThat(outcome.why()).contains("PKIX path building failed"));
    }

    @ParameterizedTest
    @EnumSource
    void tellsNoPasswordToADirectoryOfAnotherName(Tls tls) throws Exception {
        assertThat(authenticate(tls.at("127.0.0.1"), "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class,
                        outcome -> assertThat(outcome.why())
                                .contains("No subject alternative names matching IP address 127.0.0.1"));
    }

    @Test
    void tellsNoPasswordToADirectoryThatRefusesStartTls() throws Exception {
        var alreadyUnderTls = Tls.LDAPS.at("localhost").startTls();

        assertThat(authenticate(alreadyUnderTls, "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class, outcome -> assertThat(outcome.why()).contains("TLS already started"));
    }

    @Test
    void asksTheNextHostIfOneIsDown() throws Exception {
        assertThat(authenticate(binding().hosts("127.0.0.2", "127.0.0.1"), "alice", PASSWORD))
                .isEqualTo(new Accepted(ALICE));
        assertThat(authenticate(binding().hosts("127.0.0.2", "127.0.0.3"), "alice", PASSWORD))
                .isInstanceOfSatisfying(
                        Unavailable.class, outcome -> assertThat(outcome.why()).contains("127.0.0.2: ", "127.0.0.3: "));
    }

    @Test
    void asksTheNextHostIfOneIsSilent() throws Exception {
        try (var _ = new ServerSocket(slapd().port, 1, InetAddress.getByName("127.0.0.2"))) {
            var impatient = new LdapAuthenticator(null, SHORT, SHORT);
            var rule = binding().hosts("127.0.0.2", "127.0.0.1");

            assertThat(impatient.authenticate(rule.settings(), "alice", PASSWORD))
                    .isEqualTo(new Accepted(ALICE));
        }
    }

    @ParameterizedTest
    @EnumSource
    void waitsNoLongerThanItMayForAHandshake(Tls tls) throws Exception {
        try (var silent = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"))) {
            var impatient = new LdapAuthenticator(null, SHORT, SHORT);
            var rule = tls.at("127.0.0.2", silent.getLocalPort(), silent.getLocalPort());

            var begin = System.nanoTime();
            assertThat(impatient.authenticate(rule.settings(), "alice", PASSWORD))
                    .isInstanceOf(Unavailable.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(TIMEOUT);
        }
    }

    @Test
    void waitsNoLongerThanItMayForAHandshakeAfterStartTls() throws Exception {
        var success = HexFormat.of().parseHex("300c02010178070a010004000400");
        try (var server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"));
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var accepted = threads.submit(() -> {
                var socket = server.accept();
                socket.getOutputStream().write(success);
                return socket;
            });
            var impatient = new LdapAuthenticator(null, SHORT, SHORT);
            var rule = Tls.START_TLS.at("127.0.0.2", 0, server.getLocalPort());

            assertThat(impatient.authenticate(rule.settings(), "alice", PASSWORD))
                    .isInstanceOf(Unavailable.class);
            accepted.get().close();
        }
    }

    @Test
    void keepsThePasswordOutOfWhatItSays() throws Exception {
        assertThat(authenticate(binding(), "alice", "s3cret").toString()).doesNotContain("s3cret");
        assertThat(authenticate(binding().hosts("127.0.0.2"), "alice", "s3cret").toString())
                .doesNotContain("s3cret");
    }
}
