package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SessionSettingsTest {
    private static final int RUNS = 20_000;
    private static final List<String> ENCODINGS = List.of("UTF8", "LATIN1", "SJIS", "GBK");
    private static final List<String> NAMES =
            List.of("app.tenant", "app.other", "search_path", "timezone", "application_name");

    /// The second byte of 表 and ソ is a backslash in SJIS, that of 誠 in GBK.
    private static final List<String> VALUES = List.of(
            "",
            "plain",
            "two, \"Three\", \"fo\"\"ur\"",
            "\"$user\", public",
            "One,two",
            "one, ,",
            "o'clock",
            "a\\b",
            "\\",
            "\\'",
            "'; RESET x; --",
            "é",
            "Ã©",
            "表",
            "表'ソ\\",
            "誠",
            "誠\\'",
            "日本");

    private static final List<String> DATE_STYLES =
            List.of("ISO", "German", "DMY", "ISO, DMY", "German, YMD", "Postgres, MDY");

    /// What a client's session is, beside what the proxy keeps of it.
    private static final class Client {
        private final Random random;
        private final ModelSettings session = new ModelSettings();
        private SessionSettings settings = SessionSettings.EMPTY;

        Client(Random random) {
            this.random = random;
        }

        private <T> T one(List<T> of) {
            return of.get(random.nextInt(of.size()));
        }

        private String encoding() {
            return session.value("client_encoding");
        }

        private boolean isStandard() {
            return session.value("standard_conforming_strings").equals("on");
        }

        private String valueIn(String encoding) {
            var value = one(VALUES);
            while (!ModelSettings.charset(encoding).newEncoder().canEncode(value)) value = one(VALUES);
            return value;
        }

        private static String bytes(String text, String encoding) {
            return new String(text.getBytes(ModelSettings.charset(encoding)), StandardCharsets.ISO_8859_1);
        }

        void step() {
            switch (random.nextInt(10)) {
                case 0 -> states("client_encoding", one(ENCODINGS));
                case 1 -> states("standard_conforming_strings", one(List.of("on", "off")));
                case 2, 3 -> states(one(NAMES), valueIn(encoding()));
                case 4 -> begins(one(NAMES), one(VALUES));
                case 5 -> isTold(one(NAMES), valueIn(encoding()));
                case 6 -> resets(one(NAMES));
                case 7 -> resets(one(List.copyOf(ModelSettings.DEFAULTS.keySet())));
                case 8 -> ofRights();
                default -> setsDateStyle(one(DATE_STYLES));
            }
        }

        /// By a statement of its own, as the client's encoding and its rule for backslashes want it.
        private void states(String name, String value) {
            boolean escaped = random.nextInt(3) == 0;
            var inside = escaped || !isStandard() ? value.replace("\\", "\\\\") : value;
            var statement = "SET " + name + " TO " + (escaped ? "E'" : "'") + inside.replace("'", "''") + "'";
            settings = settings.withStatement(name, bytes(statement, encoding()), encoding(), isStandard());
            session.stated(name, value);
        }

        /// As ParameterStatus and the startup message tell it.
        private void begins(String name, String value) {
            settings = settings.withValue(name, value);
            session.set(name, value);
        }

        /// As the server has told it, in the client's encoding.
        private void isTold(String name, String value) {
            settings = settings.withBytes(name, bytes(value, encoding()), encoding());
            session.set(name, value);
        }

        private void resets(String name) {
            if (name.equals(ModelSettings.PRIVILEGED) && !hasRights()) return;
            settings = settings.withDefaultOf(name, SessionSettings.EMPTY);
            session.set(name, null);
        }

        private boolean hasRights() {
            return session.value("role").equals("none");
        }

        private void ofRights() {
            if (hasRights() && random.nextBoolean()) states(ModelSettings.PRIVILEGED, one(List.of("all", "ddl")));
            else states("role", one(List.of("weak", "none", "other")));
        }

        /// Another value than the default's is told whole: the server reports it.
        private void setsDateStyle(String value) {
            session.set("datestyle", null);
            begins("datestyle", value);
        }
    }

    private static void run(ModelSettings server, List<String> queries) {
        for (var query : queries) server.run(query);
    }

    /// Clients take turns on one server.
    @Test
    void differenceMakesTheWantedSessionOfAnyOther() {
        for (int seed = 0; seed < RUNS; seed++) {
            // The first numbers of neighbouring seeds are alike.
            var random = new Random(seed * 0x9E3779B97F4A7C15L);
            var clients = List.of(new Client(random), new Client(random), new Client(random));
            var server = new ModelSettings();
            var present = SessionSettings.EMPTY;
            for (int turn = 0; turn < 5; turn++) {
                var client = clients.get(random.nextInt(clients.size()));
                for (int steps = random.nextInt(6); steps > 0; steps--) client.step();
                var queries = turn % 2 == 0
                        ? present.difference(client.settings)
                        : present.differenceOneByOne(client.settings);
                var described = "seed " + seed + ", " + queries;
                try {
                    run(server, queries);
                } catch (RuntimeException | AssertionError failed) {
                    throw new AssertionError(described, failed);
                }
                assertThat(server.values()).describedAs(described).isEqualTo(client.session.values());
                present = client.settings;
            }
        }
    }

    @Test
    void nothingIsRunBetweenEqualSessions() {
        for (int seed = 0; seed < RUNS / 10; seed++) {
            var one = new Client(new Random(seed));
            var other = new Client(new Random(seed));
            for (int step = 0; step < 10; step++) {
                one.step();
                other.step();
            }
            assertThat(one.settings).isEqualTo(other.settings).hasSameHashCodeAs(other.settings);
            assertThat(one.settings.difference(other.settings)).isEmpty();
        }
    }

    /// SHOW writes the list with other spaces than the client, so that SET would give another value.
    @Test
    void setsAListForATransactionAsTheClientHasWrittenIt() {
        var wanted = SessionSettings.EMPTY.withValue("search_path", "a,b");

        assertThat(SessionSettings.EMPTY.localDifference(wanted))
                .containsExactly("SELECT pg_catalog.set_config('search_path', 'a,b', true)");
    }

    @Test
    void setsOneByOneForTheExtendedProtocol() {
        var wanted = SessionSettings.EMPTY.withValue("app.a", "1;").withValue("timezone", "Asia/Tokyo");

        assertThat(SessionSettings.EMPTY.difference(wanted)).hasSize(1);
        assertThat(SessionSettings.EMPTY.differenceOneByOne(wanted)).hasSize(2);
    }

    @Test
    void isTheSameSessionInWhateverOrderItWasSet() {
        var one = SessionSettings.EMPTY.withValue("app.a", "1").withValue("app.b", "2");
        var other = SessionSettings.EMPTY.withValue("app.b", "2").withValue("app.a", "1");

        assertThat(one).isEqualTo(other);
    }

    @Test
    void givesBackWhatTheSessionBeganWith() {
        var defaults = SessionSettings.EMPTY.withValue("timezone", "Asia/Tokyo");
        var changed = defaults.withValue("timezone", "UTC").withValue("app.a", "1");

        assertThat(changed.withDefaultOf("timezone", defaults).withDefaultOf("app.a", defaults))
                .isEqualTo(defaults);
        assertThat(changed.withDefaultOf("timezone", SessionSettings.EMPTY)
                        .withDefaultOf("app.a", SessionSettings.EMPTY))
                .isSameAs(SessionSettings.EMPTY);
    }

    /// By these statements are shared: a setting that changes what a statement means must count.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "timezone",
                "datestyle",
                "intervalstyle",
                "search_path",
                "role",
                "client_encoding",
                "standard_conforming_strings",
                "app.tenant",
                "whatever_comes_next"
            })
    void countsWhatAStatementMayMean(String name) {
        var named = SessionSettings.EMPTY.withValue("application_name", "a").withValue("work_mem", "8MB");
        var one = named.withValue(name, "one").ofMeaning();
        var other = named.withValue(name, "other").ofMeaning();

        assertThat(one).isNotEqualTo(other).isNotEqualTo(named.ofMeaning());
        assertThat(named.ofMeaning()).isEqualTo(SessionSettings.EMPTY);
    }
}
