package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.FileProblem;
import org.pgdrover.auth.InvalidFileException;

/// What of a file is understood, and what is refused, with which words.
class HbaParserTest {
    private static HbaRules parse(String... lines) throws Exception {
        return HbaParser.parse(MemoryFiles.path("pool_hba.conf"), new MemoryFiles().with("pool_hba.conf", lines));
    }

    private static List<String> problems(String... lines) {
        try {
            parse(lines);
            return List.of();
        } catch (InvalidFileException invalid) {
            return invalid.problems().stream().map(FileProblem::toString).toList();
        } catch (Exception other) {
            throw new AssertionError(other);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "local all all peer",
                "local all all peer map=m",
                "local all all md5",
                "host all all all trust",
                "host a,\"b c\" +staff,/^x,\"all\" 10.0.0.0/8 scram-sha-256",
                "host replication,samerole,samegroup,sameuser all ::1/128 password",
                "host all all 10.0.0.1 255.255.0.255 reject",
                "host all all samehost md5",
                "host all all samenet md5",
                "host all all .example.org md5",
                "hostgssenc all all all md5",
                "hostnogssenc all all all md5",
                "hostnossl all all all md5",
                "hostssl all all all cert clientcert=verify-full",
                "hostssl all all all cert clientcert=verify-full clientname=DN map=m",
                "hostssl all all all trust clientcert=verify-ca",
                "hostssl all all all scram-sha-256-plus clientcert=verify-full",
                "hostssl all all all ldap clientcert=verify-full ldapserver=h ldapport=389 ldapscheme=ldap ldapprefix=uid= ldapsuffix=\",o=x\"",
                "host all all all ldap ldapserver=\"a b\" ldapport=636 ldapscheme=ldaps ldapprefix=a ldapsuffix=b",
                "host all all all oauth issuer=https://example.org scope=openid validator=v delegate_ident_mapping=1",
                "host all all all oauth map=m issuer=https://example.org scope=\"a b\""
            })
    void tellsRulesAsItUnderstoodThem(String line) throws Exception {
        assertThat(parse(line).lines()).containsExactly("/files/pool_hba.conf:1: " + line);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRUST", "REJECT", "SCRAM_SHA_256", "MD5", "PASSWORD"})
    void knowsTheMethodsWithoutOptions(AuthenticationMethod method) throws Exception {
        for (var type : List.of("local all all", "host all all all", "hostssl all all all"))
            assertThat(parse(type + " " + method.label()).rules().getFirst().method())
                    .isEqualTo(method);
    }

    @Test
    void certMeansVerifyFull() throws Exception {
        var options = parse("hostssl all all all cert").rules().getFirst().options();

        assertThat(options.clientCert()).isEqualTo(HbaOptions.ClientCert.VERIFY_FULL);
        assertThat(options.clientName()).isEqualTo(HbaOptions.ClientName.CN);
    }

    @Test
    void readsLdapUrls() throws Exception {
        var ldap = parse(
                        "host all all all ldap ldapurl=\"ldaps://h:1/dc=x?cn?one\" ldapbinddn=cn=me ldapbindpasswd=\"hidden word\"")
                .rules()
                .getFirst();

        assertThat(ldap.text())
                .isEqualTo(
                        "host all all all ldap ldapserver=h ldapport=1 ldapscheme=ldaps ldapbasedn=dc=x ldapbinddn=cn=me"
                                + " ldapbindpasswd=*** ldapsearchattribute=cn ldapscope=one");
        assertThat(ldap.options().ldap()).isNotNull().satisfies(settings -> {
            assertThat(settings.bindPassword()).isEqualTo("hidden word");
            assertThat(settings.toString()).doesNotContain("hidden");
        });
        assertThat(ldap.toString()).doesNotContain("hidden");
        assertThat(ldap.options().toString()).doesNotContain("hidden");
    }

    @Test
    void laterLdapOptionsCorrectTheUrl() throws Exception {
        var ldap = parse(
                        "host all all all ldap ldapurl=ldap://a/o=x??sub?(uid=$username) ldapserver=\"b c\" ldaptls=1 ldapport=9")
                .rules()
                .getFirst()
                .options()
                .ldap();

        assertThat(ldap).isNotNull().satisfies(settings -> {
            assertThat(settings.hosts()).containsExactly("b", "c");
            assertThat(settings.port()).isEqualTo(9);
            assertThat(settings.startTls()).isTrue();
            assertThat(settings.searchFilter()).isEqualTo("(uid=$username)");
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "hosts all all all trust                            | connection type \"hosts\" (expected: local, host,",
                "HOST all all all trust                             | connection type \"HOST\"",
                "local,host all all trust                           | the connection type must be one word, not a list",
                "include a b                                        | include takes one name and nothing else",
                "host                                               | the line ends before the database: add it",
                "host all                                           | the line ends before the user: add it",
                "host all all                                       | the line ends before the address: add it",
                "host all all all                                   | the line ends before the authentication method: add it",
                "local all all                                      | the line ends before the authentication method: add it",
                "host all all 10.0.0.0                              | the line ends before the IP mask: add it",
                "host all all 10.0.0.0/8,11.0.0.0/8 trust           | the address must be one word, not a list",
                "host all all 10.0.0.0 255.0.0.0,255.0.0.0 trust    | the IP mask must be one word, not a list",
                "host all all all trust,md5                         | the authentication method must be one word, not a list",
                "host all all 10.0.0.0/33 trust                     | prefix length 33 (expected: 0 to 32)",
                "host all all ::/129 trust                          | prefix length 129 (expected: 0 to 128)",
                "host all all 10.0.0.0/ trust                       | prefix length  (expected: 0 to 32)",
                "host all all 10.0.0.0/a trust                      | prefix length a (expected: 0 to 32)",
                "host all all 10.0.0.0/-1 trust                     | prefix length -1 (expected: 0 to 32)",
                "host all all 10/8 trust                            | \"10\" is no address (expected: four numbers",
                "host all all 10.1 255.0.0.0 trust                  | \"10.1\" is no address",
                "host all all 010.0.0.1/8 trust                     | \"010.0.0.1\" is no address",
                "host all all 0x0a.0.0.1/8 trust                    | \"0x0a.0.0.1\" is no address",
                "host all all 256.0.0.1/8 trust                     | \"256.0.0.1\" is no address",
                "host all all 167772161 trust                       | \"167772161\" is no address",
                "host all all 10. trust                             | \"10.\" is no address",
                "host all all \"\" trust                            | \"\" is no address",
                "host all all example.org/24 trust                  | \"example.org\" is no address",
                "host all all fe80::1%1/64 trust                    | has a zone, which would not be looked at",
                "host all all fe80:::1/64 trust                     | \"fe80:::1\" is no address",
                "host all all *.example.org trust                   | host name \"*.example.org\" (expected: labels",
                "host all all bücher.example trust                  | in their ASCII form, xn--",
                "host all all 10.0.0.0 255.0.0 trust                | IP mask \"255.0.0\" does not fit address 10.0.0.0",
                "host all all 10.0.0.0 ffff:: trust                 | IP mask \"ffff::\" does not fit address 10.0.0.0",
                "host all all 10.0.0.0 trust                        | IP mask \"trust\" does not fit address 10.0.0.0",
                "host /( all all trust                              | invalid regular expression \"(\": missing closing )",
                "host all /[ all trust                              | invalid regular expression \"[\"",
                "host all + all trust                               | names no role",
                "host all all all Trust                             | authentication method \"Trust\" (expected: trust,",
                "local all all ident                                | method ident is not supported by the proxy: use peer on local rules",
                "host all all all gss                               | method gss is not supported by the proxy: use oauth",
                "host all all all sspi                              | method sspi is not supported by the proxy: use oauth",
                "host all all all pam                               | method pam is not supported by the proxy: use ldap",
                "host all all all bsd                               | method bsd is not supported by the proxy: use ldap",
                "host all all all radius                            | method radius is not supported by the proxy: use ldap",
                "host all all all peer                              | method peer is for local rules only",
                "host all all all cert                              | method cert is for hostssl rules only: write hostssl instead of host",
                "local all all cert                                 | method cert is for hostssl rules only: write hostssl instead of local",
                "hostnossl all all all scram-sha-256-plus           | method scram-sha-256-plus is for hostssl rules only",
                "host all all all md5 map                           | option \"map\" is not name=value",
                "host all all all md5 map=m                         | option map is for methods peer, cert and oauth, not for md5",
                "host all all all md5 clientcert=verify-ca          | option clientcert is for hostssl rules only",
                "host all all all md5 clientname=CN                 | option clientname is for hostssl rules only",
                "hostssl all all all md5 clientcert=1               | clientcert=1 (expected: verify-ca or verify-full)",
                "hostssl all all all cert clientcert=verify-ca      | clientcert=verify-ca (expected with method cert: verify-full",
                "hostssl all all all cert clientname=cn             | clientname=cn (expected: CN or DN)",
                "host all all all md5 krb_realm=x                   | option krb_realm belongs to method gss and sspi, which the proxy",
                "host all all all md5 radiusservers=x               | option radiusservers belongs to method radius",
                "local all all peer include_realm=1                 | option include_realm belongs to method gss and sspi",
                "host all all all md5 pamservice=x                  | option pamservice belongs to method pam",
                "host all all all md5 colour=x                      | option colour is not known (expected: map, clientcert",
                "host all all all md5 ldapserver=x                  | option ldapserver is for method ldap, not for md5",
                "host all all all md5 issuer=x                      | option issuer is for method oauth, not for md5",
                "host all all all ldap ldapprefix=x                 | method ldap needs ldapserver",
                "host all all all ldap ldapserver=h                 | method ldap needs ldapbasedn, ldapprefix or ldapsuffix",
                "host all all all ldap ldapserver=h ldapprefix=a ldapbasedn=b | do not go together: keep one kind",
                "host all all all ldap ldapserver=h ldapsuffix=a ldapurl=ldap://h/ | do not go together: keep one kind",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapsearchattribute=a ldapsearchfilter=(a=$username) | keep one",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapsearchfilter=(uid=x) | would find the same entry for every user",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapport=0 | ldapport=0 (expected: 1 to 65535)",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapscheme=http | ldapscheme: scheme http (expected: ldap or ldaps)",
                "host all all all ldap ldapserver=h ldapbasedn=b ldaptls=yes | ldaptls=yes (expected: 0 or 1)",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapscheme=ldaps ldaptls=1 | TLS within ldaps",
                "host all all all ldap ldapurl=http://h/ ldapprefix=x | ldapurl=http://h/ is no LDAP URL",
                "host all all all ldap ldapurl=ldapi://h/ | ldapurl: scheme ldapi (expected: ldap or ldaps)",
                "host all all all ldap ldapurl=ldap://h:0/ | ldapurl=ldap://h:0/ is no LDAP URL",
                "host all all all ldap ldapurl=ldap://h/?a?subordinates | scope SUBORDINATE_SUBTREE (expected: base, one or sub)",
                "host all all all ldap ldapserver=h ldapbasedn=b ldapsearchfilter=(uid=$username | is no filter (expected: RFC 4515",
                "host all all all oauth issuer=https://x           | method oauth needs scope",
                "host all all all oauth scope=a                    | method oauth needs issuer (expected: the https URL",
                "host all all all oauth scope=a issuer=x           | method oauth needs issuer, not \"x\"",
                "host all all all oauth scope=a issuer=https://x map=m delegate_ident_mapping=1 | do not go together: keep one",
                "host all all all oauth scope=a issuer=https://x delegate_ident_mapping=yes | (expected: 0 or 1)",
                "host all \"me all trust                           | a quoted word does not end",
                "host all @absent all trust                        | @absent: cannot read /files/absent: there is no such file",
                "include absent                                    | cannot read /files/absent: there is no such file"
            })
    void refusesWithTheLineAndWhatToDo(String line, String message) {
        assertThat(problems("# first", line, "host all all all trust"))
                .singleElement()
                .asString()
                .startsWith("/files/pool_hba.conf:2: ")
                .contains(message);
    }

    @Test
    void reportsEveryErrorAtOnceInTheOrderOfTheLines() {
        var files = new MemoryFiles()
                .with("pool_hba.conf", "bad1", "include more", "bad3 \\", "goes on", "host all all all trust", "bad6")
                .with("more", "local all all trust", "bad2");

        assertThatThrownBy(() -> HbaParser.parse(MemoryFiles.path("pool_hba.conf"), files))
                .isInstanceOfSatisfying(
                        InvalidFileException.class,
                        invalid -> assertThat(invalid.problems())
                                .extracting(problem -> problem.file().getFileName() + ":" + problem.line())
                                .containsExactly("pool_hba.conf:1", "more:2", "pool_hba.conf:3", "pool_hba.conf:6"));
    }

    @Test
    void refusesAFileWithoutRules() {
        assertThat(problems("# nothing", ""))
                .containsExactly("/files/pool_hba.conf:1: there are no rules, so that nobody could connect: add one");
    }

    @Test
    void boundsRulesAndProblems() {
        var rules = new String[10_001];
        Arrays.fill(rules, "local all all trust");
        var bad = new String[5000];
        Arrays.fill(bad, "bad");

        assertThat(problems(rules))
                .containsExactly("/files/pool_hba.conf:1: 10001 rules (expected: <= 10000): put names into lists");
        assertThat(problems(bad)).hasSize(1000);
    }

    @Test
    void tellsNoPartOfAPasswordThatHasNoQuotes() {
        assertThat(problems("host all all all ldap ldapserver=h ldapbasedn=o=x ldapbindpasswd=my secret"))
                .singleElement()
                .asString()
                .contains("value with blanks in double quotes")
                .doesNotContain("secret");
    }
}
