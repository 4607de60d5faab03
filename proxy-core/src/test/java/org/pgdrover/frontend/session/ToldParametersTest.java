package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ToldParametersTest {
    private final ToldParameters told = new ToldParameters(Map.of("TimeZone", "UTC", "DateStyle", "ISO, MDY"));

    private Map<String, String> fromBefore() {
        var values = new HashMap<String, String>();
        told.fromBefore(values::put);
        return values;
    }

    @Test
    void knowWhatTheTransactionHasChanged() {
        told.tell("TimeZone", "Asia/Tokyo");
        told.tell("TimeZone", "Asia/Seoul");
        told.tell("DateStyle", "German");
        told.tell("DateStyle", "ISO, MDY");

        assertThat(told.value("TimeZone")).isEqualTo("Asia/Seoul");
        assertThat(fromBefore()).containsExactly(Map.entry("TimeZone", "UTC"));
    }

    /// As the server reads its configuration again between two transactions.
    @Test
    void takeBackNothingThatWasToldOutsideTransactions() {
        told.tell("TimeZone", "Asia/Tokyo");
        told.outsideTransaction("TimeZone");

        assertThat(fromBefore()).isEmpty();
        assertThat(told.value("TimeZone")).isEqualTo("Asia/Tokyo");
    }

    @Test
    void knowNothingOfEarlierTransactions() {
        told.tell("TimeZone", "Asia/Tokyo");
        told.transactionOver();

        assertThat(fromBefore()).isEmpty();
        told.tell("TimeZone", "UTC");
        assertThat(fromBefore()).containsExactly(Map.entry("TimeZone", "Asia/Tokyo"));
    }
}
