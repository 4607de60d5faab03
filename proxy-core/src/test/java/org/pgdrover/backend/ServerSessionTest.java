package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServerSessionTest {
    private final ServerSession session = new ServerSession(InitialValues.of(Map.of(), Set.of()), 10);

    /// DISCARD ALL does not take a seed away, and whoever knows the seed can foretell the numbers.
    @Test
    void isNobodyElsesBehindASeed() {
        session.settings(SessionSettings.EMPTY.withValue("seed", "0.5"));

        assertThat(session.notClean()).isNotNull();
        assertThat(session.isLastUse()).isTrue();
    }

    @Test
    void isForOthersBehindSettingsThatTheyReplace() {
        session.settings(SessionSettings.EMPTY.withValue("timezone", "UTC"));

        assertThat(session.notClean()).isNull();
        assertThat(session.isLastUse()).isFalse();
    }
}
