package org.pgdrover.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.StartupRequest.Replication;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.StartupPacket.StartupMessage;

class StartupRequestTest {
    private static StartupRequest request(String... namesAndValues) {
        var parameters = new LinkedHashMap<String, String>();
        for (int i = 0; i < namesAndValues.length; i += 2) parameters.put(namesAndValues[i], namesAndValues[i + 1]);
        return StartupRequest.of(new StartupMessage(ProtocolVersion.V3_0, parameters));
    }

    @Test
    void namesTheDatabaseAfterTheUserIfThereIsNone() {
        assertThat(request("user", "me").database()).isEqualTo("me");
        assertThat(request("user", "me", "database", "db").database()).isEqualTo("db");
    }

    /// As PostgreSQL does: otherwise one user had as many pools as there are ways to pad a name.
    @Test
    void cutsNamesAsPostgresDoes() {
        var request = request("user", "u".repeat(64) + "x", "database", "é".repeat(32));

        assertThat(request.user()).isEqualTo("u".repeat(63));
        assertThat(request.database()).startsWith("é".repeat(31)).doesNotContain("é".repeat(32));
    }

    @Test
    void takesSettingsFromParametersAndOptions() {
        var request = request("user", "me", "options", "-c a=1 --b-c=2\\ 3 -cd=4", "Extra_Float_Digits", "3");

        assertThat(request.settings())
                .isEqualTo(SessionSettings.EMPTY
                        .withValue("a", "1")
                        .withValue("b_c", "2 3")
                        .withValue("d", "4")
                        .withValue("extra_float_digits", "3"));
        assertThat(request.mistake()).isNull();
    }

    /// PostgreSQL refuses what is no seed, and does nothing with what is one.
    @Test
    void takesNoSeed() {
        assertThat(request("user", "me", "Seed", "0.5", "options", "-c seed=-1").settings())
                .isEqualTo(SessionSettings.EMPTY);
        for (var none : new String[] {"2", "0.5f", "0.5f ", "x", "NaN", ""})
            assertThat(request("user", "me", "seed", none).settings())
                    .isEqualTo(SessionSettings.EMPTY.withValue("seed", none));
    }

    /// In PostgreSQL's words; the parameter without a name is the server's to refuse.
    @ParameterizedTest
    @CsvSource({
        "-c x, -c x requires a value",
        "-cx-y, -c x_y requires a value",
        "--x, --x requires a value",
        "-c, invalid command-line argument for server process: -c",
        "--, invalid command-line argument for server process: --",
        "-B 100, invalid command-line argument for server process: -B",
        "foo, invalid command-line argument for server process: foo"
    })
    void remembersAMistakeInTheOptions(String options, String mistake) {
        assertThat(request("user", "me", "options", "-c a=1 " + options).mistake())
                .isNotNull()
                .satisfies(found -> {
                    assertThat(found.message()).isEqualTo(mistake);
                    assertThat(found.sqlState()).isEqualTo("42601");
                });
        assertThat(request("user", "me", "options", "-c=").settings())
                .isEqualTo(SessionSettings.EMPTY.withValue("", ""));
    }

    @Test
    void tellsTheKindsOfReplicationApart() {
        assertThat(request("user", "me").replication()).isEqualTo(Replication.NONE);
        assertThat(request("user", "me", "replication", "OFF").replication()).isEqualTo(Replication.NONE);
        assertThat(request("user", "me", "replication", "true").replication()).isEqualTo(Replication.PHYSICAL);
        assertThat(request("user", "me", "replication", "database").replication())
                .isEqualTo(Replication.LOGICAL);
        assertThatThrownBy(() -> request("user", "me", "replication", "maybe")).hasMessageContaining("\"maybe\"");
    }

    @Test
    void passesOnWhatIsNotTheProxys() {
        var request = request(
                "user",
                "me",
                "database",
                "db",
                "replication",
                "1",
                "application_name",
                "walreceiver",
                "_pq_.x",
                "y",
                "options",
                "-c pgdrover.node=pg2 -c a=b\\ c\\\\d");

        assertThat(request.node()).isEqualTo("pg2");
        assertThat(request.passedOn())
                .isEqualTo(Map.of("replication", "1", "application_name", "walreceiver", "options", "-c a=b\\ c\\\\d"));
    }
}
