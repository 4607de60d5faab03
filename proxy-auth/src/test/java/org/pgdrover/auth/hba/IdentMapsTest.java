package org.pgdrover.auth.hba;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.auth.InvalidFileException;

class IdentMapsTest {
    private static final RoleMemberships ROLES =
            (user, role) -> Set.of("ann+staff", "bob+bob").contains(user + "+" + role);
    private static final RoleMemberships NO_ROLES = (_, _) -> {
        throw new RoleMemberships.Unknown("no node answers");
    };

    private static IdentMaps parse(String... lines) throws Exception {
        return IdentMaps.parse(
                MemoryFiles.path("ident"),
                new MemoryFiles().with("ident", lines).with("more", "m more ann"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "m os ann                              | os              | ann      | true",
                "m os ann                              | os              | bob      | false",
                "m os ann                              | OS              | ann      | false",
                "m \"o s\" ann                         | o s             | ann      | true",
                "m os all                              | os              | anybody  | true",
                "m os \"all\"                          | os              | anybody  | false",
                "m os \"all\"                          | os              | all      | true",
                "m all ann                             | os              | ann      | false",
                "m os +staff                           | os              | ann      | true",
                "m os +staff                           | os              | bob      | false",
                "m os \"+staff\"                       | os              | +staff   | true",
                "m os /^a                              | os              | ann      | true",
                "m os /^a                              | os              | bob      | false",
                "m os \"/^a\"                          | os              | ann      | true",
                "m /^(.*)@example\\.org$ \\1           | ann@example.org | ann      | true",
                "m /^(.*)@example\\.org$ \\1           | ann@example.org | bob      | false",
                "m /^(.*)@example\\.org$ \\1           | ann@example.com | ann      | false",
                "m /^(.*)@example\\.org$ x\\1y         | ann@example.org | xanny    | true",
                "m /^(.*)@example\\.org$ \\1\\1        | ann@example.org | annann   | false",
                "m /^(.*)@example\\.org$ \\1\\1        | ann@example.org | ann\\1   | true",
                // What was captured has no meaning beyond its letters.
                "m /^(.*)@example\\.org$ \\1           | all@example.org | ann      | false",
                "m /^(.*)@example\\.org$ \\1           | +staff@example.org | ann   | false",
                "m /^(.*)@example\\.org$ \"\\1\"       | ann@example.org | ann      | true",
                "m /^(.*)@example\\.org$ ann           | x@example.org   | ann      | true",
                "m /^os$ +staff                        | os              | ann      | true",
                "include more                          | more            | ann      | true",
                "other os ann                          | os              | ann      | false"
            })
    void permits(String line, String systemName, String user, boolean permitted) throws Exception {
        assertThat(parse(line).permits("m", systemName, user, ROLES)).isEqualTo(permitted);
    }

    @Test
    void asksEveryLineOfTheMap() throws Exception {
        var maps = parse("m os ann", "n os carl", "m os bob");

        assertThat(maps.permits("m", "os", "bob", ROLES)).isTrue();
        assertThat(maps.permits("m", "os", "carl", ROLES)).isFalse();
    }

    @Test
    void withoutAMapNamesMustBeEqual() throws Exception {
        assertThat(IdentMaps.NONE.permits(null, "ann", "ann", ROLES)).isTrue();
        assertThat(IdentMaps.NONE.permits(null, "Ann", "ann", ROLES)).isFalse();
        assertThat(IdentMaps.NONE.permits("absent", "ann", "ann", ROLES)).isFalse();
    }

    @Test
    void aGroupThatTookNoPartEndsTheSearch() throws Exception {
        var maps = parse("m /^(a)?b$ \\1", "m b ann");

        assertThat(maps.permits("m", "ab", "a", ROLES)).isTrue();
        assertThat(maps.permits("m", "b", "ann", ROLES)).isFalse();
    }

    @Test
    void saysWhenMembersAreNotKnown() throws Exception {
        var maps = parse("m os +staff", "m os bob");

        assertThat(maps.needRoles()).isTrue();
        assertThat(maps.permits("m", "os", "bob", NO_ROLES)).isTrue();
        assertThatThrownBy(() -> maps.permits("m", "os", "ann", NO_ROLES))
                .isInstanceOf(RoleMemberships.Unknown.class)
                .hasMessageContaining("\"staff\": no node answers");
        assertThat(parse("m os bob").needRoles()).isFalse();
    }

    @Test
    void knowsItsMaps() throws Exception {
        assertThat(parse("m os bob").has("m")).isTrue();
        assertThat(parse("m os bob").has("n")).isFalse();
        assertThat(parse("# nothing").has("m")).isFalse();
    }

    @Test
    void reportsEveryErrorWithItsLine() {
        assertThatThrownBy(() -> parse(
                        "m os ann",
                        "m",
                        "m os",
                        "m,n os ann",
                        "m os,so ann",
                        "m os ann,bob",
                        "m os ann extra",
                        "m /( ann",
                        "m os /(",
                        "m os x\\1",
                        "m /^.*$ \\1",
                        "include absent",
                        "m \"os ann"))
                .isInstanceOfSatisfying(
                        InvalidFileException.class,
                        invalid -> assertThat(invalid.problems())
                                .extracting("line")
                                .containsExactly(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
    }
}
