package org.pgdrover.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.pgdrover.config.Endpoint;

class ConninfoTest {
    private static final Endpoint ELSEWHERE = new Endpoint("10.0.0.9", 5433);

    @Test
    void changesHostAndPortAloneAndKeepsTheOrder() {
        var conninfo =
                Conninfo.parse("user=rep password=secret host=10.0.0.1 port=5432 sslmode=prefer application_name=pg2");

        assertThat(conninfo.at(ELSEWHERE).format())
                .isEqualTo("user=rep password=secret host=10.0.0.9 port=5433 sslmode=prefer application_name=pg2");
    }

    @Test
    void readsQuotesAndBackslashesAsLibpqDoes() {
        var conninfo = Conninfo.parse("  password = 'it\\'s a \\\\ secret'  user=a\\ b options='' host=h");

        assertThat(conninfo.format()).isEqualTo("password='it\\'s a \\\\ secret' user='a b' options='' host=h");
        assertThat(Conninfo.parse(conninfo.format())).isEqualTo(conninfo);
    }

    @Test
    void replacesHostListsAndHostaddr() {
        var conninfo =
                Conninfo.parse("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=5432,5433 target_session_attrs=read-write");

        assertThat(conninfo.at(ELSEWHERE).format())
                .isEqualTo("host=10.0.0.9 port=5433 target_session_attrs=read-write");
    }

    @Test
    void readsTheUriForm() {
        var conninfo =
                Conninfo.parse("postgresql://rep:p%40ss+word@[::1]:5444,h2/db?sslmode=require&application_name=pg%202");

        assertThat(conninfo.format())
                .isEqualTo("user=rep password=p@ss+word host=::1,h2 port=5444, dbname=db sslmode=require"
                        + " application_name='pg 2'");
        assertThat(conninfo.applicationName()).isEqualTo("pg 2");
    }

    @Test
    void fallsBackToTheFallbackApplicationName() {
        assertThat(Conninfo.parse("fallback_application_name=walreceiver").applicationName())
                .isEqualTo("walreceiver");
        assertThat(Conninfo.parse("").applicationName()).isEmpty();
    }

    @Test
    void refusesGarbageWithoutRepeatingIt() {
        assertThatThrownBy(() -> Conninfo.parse("password='hunter2")).hasMessageContaining("closing quote");
        assertThatThrownBy(() -> Conninfo.parse("hunter2")).hasMessageNotContaining("hunter2");
        assertThat(Conninfo.parse("password=hunter2").toString()).doesNotContain("hunter2");
    }
}
