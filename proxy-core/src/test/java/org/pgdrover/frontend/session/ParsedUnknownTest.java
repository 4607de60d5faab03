package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.pgdrover.sql.QueryClass;

class ParsedUnknownTest {
    private final ParsedUnknown parsed = new ParsedUnknown();

    private static ClientStatement statement(String name) {
        return new ClientStatement(name.getBytes(), new byte[] {0, 0, 0}, QueryClass.UNKNOWN, null, null);
    }

    /// A session may parse for ever while nobody knows its settings.
    @Test
    void forgetsWhatTheClientHasEnded() {
        var statements = new ClientStatements();
        for (int i = 0; i < 1000; i++) {
            var unnamed = statement("");
            parsed.add(unnamed, i % 2 == 0);
            statements.add(unnamed);
            var named = statement("s" + i);
            parsed.add(named, i % 2 == 0);
            statements.add(named);
            statements.remove(named);
        }
        var kept = statement("kept");
        parsed.add(kept, true);
        statements.add(kept);

        parsed.toldNow(null);

        var left = new ArrayList<ClientStatement>();
        parsed.unsettled(left::add);
        assertThat(left).hasSizeLessThan(20).contains(kept);
    }
}
