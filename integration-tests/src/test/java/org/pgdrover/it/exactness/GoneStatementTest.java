package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a client hears of a prepared statement whose table is gone, so that the proxy cannot prepare it again.
@Timeout(120)
class GoneStatementTest {
    private static final int SOON = 5_000;

    private OneServer one;
    private WireClient client;

    @BeforeEach
    void start() throws Exception {
        one = new OneServer("CREATE TABLE public.gone (x text)", "GRANT ALL ON public.gone TO public");
        client = one.client();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        one.close();
    }

    /// Nobody may take the statement for run.
    @Test
    void failsAlsoByExecute() throws Exception {
        client.send(parse("p", "INSERT INTO public.gone VALUES ('it''s')"), sync());
        upTo('Z');
        one.rig().primary().sql(Rig.PROXIED, "ALTER TABLE public.gone RENAME TO \"it's \\ gone\"");

        for (int i = 0; i < 2; i++) {
            client.send(query("EXECUTE p"));
            isUndefined();
        }
        client.send(bind("", "p"), execute("", 0), sync());
        isUndefined();
        client.send(query("BEGIN"), query("EXECUTE p"));
        isUndefined();
    }

    private void isUndefined() throws IOException {
        assertThat(upTo('E').fields())
                .containsEntry('C', "42P01")
                .containsEntry('M', "relation \"public.gone\" does not exist");
        upTo('Z');
    }

    private Received upTo(char type) throws IOException {
        for (var next = client.require(SOON); ; next = client.require(SOON)) if (next.type() == type) return next;
    }
}
