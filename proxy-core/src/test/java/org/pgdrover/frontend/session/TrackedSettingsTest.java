package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.backend.SessionSettings;

@Timeout(10)
class TrackedSettingsTest {
    private final SessionSettings startup = SessionSettings.EMPTY
            .withValue("application_name", "mine")
            .withValue("role", "other")
            .withValue("app.x", "1");
    private final TrackedSettings settings = new TrackedSettings(startup);

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
}
