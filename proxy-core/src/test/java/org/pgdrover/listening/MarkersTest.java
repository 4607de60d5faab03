package org.pgdrover.listening;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.pgdrover.listening.Markers.Kind;
import org.pgdrover.listening.Markers.Marker;

class MarkersTest {
    private final Markers markers = new Markers(new Random(1));

    private static String payload(String statement) {
        return statement.substring(statement.indexOf('\'') + 1, statement.length() - 1);
    }

    @Test
    void readsWhatItHasWritten() {
        for (var kind : Kind.values()) {
            var marker = new Marker(Long.MAX_VALUE, 7, kind, kind == Kind.SUBSCRIBE ? "Odd ' \"name\" é" : null);
            var statement = markers.statement(marker);
            assertThat(statement)
                    .startsWith("NOTIFY " + markers.channel() + ", '")
                    .matches("\\p{ASCII}+");
            assertThat(markers.read(payload(statement))).isEqualTo(marker);
        }
    }

    @Test
    void readsNothingThatAnotherHasWritten() {
        var marker = new Marker(1, 2, Kind.SUBSCRIBE, "a");
        var own = payload(markers.statement(marker));
        var others = payload(new Markers(new Random(2)).statement(marker));
        assertThat(markers.read(others)).isNull();
        assertThat(markers.read(own.replaceFirst("^1", "3"))).isNull();
        assertThat(markers.read(own + "0")).isNull();
        assertThat(markers.read("")).isNull();
        assertThat(markers.read(" ")).isNull();
    }
}
