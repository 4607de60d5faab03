package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.backend.InitialValues;
import org.pgdrover.backend.SessionSettings;

@Timeout(10)
class TrackedSettingsTest {
    private final SessionSettings startup = SessionSettings.EMPTY
            .withValue("application_name", "mine")
            .withValue("role", "other")
            .withValue("app.x", "1");
    private final TrackedSettings settings = new TrackedSettings(startup, initial("GMT", "ISO, MDY"));

    private InitialValues initial(String timeZone, String dateStyle) {
        return InitialValues.of(Map.of("TimeZone", timeZone, "DateStyle", dateStyle), startup.names());
    }

    private boolean meets(InitialValues server) {
        return settings.meets(server, (_, _) -> false, (name, _) -> {
            throw new AssertionError(name + " has not been read again");
        });
    }

    @Test
    void haveWhatTheSessionHasBegunWithOnAServerThatBeginsOtherwise() {
        assertThat(meets(initial("GMT", "ISO, MDY"))).isFalse();
        assertThat(settings.committed()).isEqualTo(startup);

        assertThat(meets(initial("Asia/Tokyo", "ISO, MDY"))).isTrue();

        var begun = startup.withValue("timezone", "GMT");
        assertThat(settings.committed()).isEqualTo(begun);
        assertThat(settings.defaults()).contains("timezone");
        assertThat(meets(initial("Asia/Tokyo", "ISO, MDY"))).isFalse();
        settings.resetAll();
        assertThat(settings.current()).isEqualTo(begun.withDefaultOf("role", begun));
        assertThat(meets(initial("Asia/Tokyo", "German, DMY"))).isTrue();
        assertThat(settings.defaults()).contains("timezone", "datestyle");
    }

    @Test
    void haveTheClientsOwnValueOnSuchAServer() {
        settings.set("timezone", "SET TimeZone = 'Asia/Kolkata'", "UTF8", true);
        settings.commit();
        var before = settings.committed();

        meets(initial("Asia/Tokyo", "ISO, MDY"));

        assertThat(settings.committed()).isEqualTo(before);
        settings.reset("timezone");
        assertThat(settings.current()).isEqualTo(startup.withValue("timezone", "GMT"));
    }

    @Test
    void followTheConfigurationThatIsReadAgain() {
        var reread = new ArrayList<String>();

        assertThat(settings.meets(
                        initial("Asia/Tokyo", "ISO, MDY"),
                        (name, value) -> name.equals("timezone") && value.equals("GMT"),
                        (name, value) -> reread.add(name + " " + value)))
                .isTrue();

        assertThat(reread).containsExactly("timezone GMT");
        assertThat(settings.committed()).isEqualTo(startup);
        assertThat(meets(initial("Asia/Tokyo", "ISO, MDY"))).isFalse();
        assertThat(meets(initial("GMT", "ISO, MDY"))).isTrue();
        assertThat(settings.committed()).isEqualTo(startup.withValue("timezone", "Asia/Tokyo"));
    }

    /// RESET ALL was run where no text tells of it, as by EXECUTE.
    @Test
    void haveTheStartupMessagesValueAgainWhereTheServerHasLostIt() {
        var told = SessionSettings.EMPTY.withValue("timezone", "UTC");

        settings.learnt(told, true);

        assertThat(settings.committed()).isEqualTo(told.withValue("application_name", "mine"));
        assertThat(settings.onServer()).isEqualTo(told);
        assertThat(settings.isServerBehind()).isTrue();
    }

    @Test
    void areWhatTheServerTellsOfThoseThatItWasAskedFor() {
        var told = SessionSettings.EMPTY.withValue("timezone", "UTC");

        settings.learnt(told, false);

        assertThat(settings.committed()).isEqualTo(told);
        assertThat(settings.isServerBehind()).isFalse();
    }

    /// What a role may not set was set before it.
    @Test
    void areThoseOfTheTransactionInTheOrderInWhichTheyWereSet() {
        settings.setLocally("session_replication_role", "SET session_replication_role = replica", "UTF8", true);
        settings.set("role", "SET ROLE other", "UTF8", true);

        assertThat(settings.now().names()).endsWith("session_replication_role", "role");
        assertThat(settings.current().names()).doesNotContain("session_replication_role");
        settings.commit();
        assertThat(settings.now()).isEqualTo(settings.committed());
    }
}
