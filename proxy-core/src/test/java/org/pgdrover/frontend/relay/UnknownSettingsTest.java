package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnknownSettingsTest {
    private final UnknownSettings settings = new UnknownSettings();

    @Test
    void areNotChangedByWhatDoesNotComplete() {
        settings.sent();
        assertThat(settings.isSent()).isTrue();
        assertThat(settings.areChanged()).isFalse();
    }

    @Test
    void areAsTheyWereWhenTheirTransactionIsRolledBack() {
        settings.completed(true);
        assertThat(settings.areChanged()).isTrue();
        settings.rolledBack();
        assertThat(settings.areChanged()).isFalse();
    }

    @Test
    void stayChangedWhenALaterTransactionIsRolledBack() {
        settings.completed(true);
        settings.committed();
        settings.rolledBack();
        assertThat(settings.areChanged()).isTrue();
    }

    @Test
    void stayChangedOutsideABlock() {
        settings.completed(false);
        settings.rolledBack();
        assertThat(settings.areChanged()).isTrue();
    }
}
