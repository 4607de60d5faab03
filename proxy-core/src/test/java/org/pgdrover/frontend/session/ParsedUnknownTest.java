package org.pgdrover.frontend.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.pgdrover.backend.SessionSettings;
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

        parsed.lost();

        var left = new ArrayList<ClientStatement>();
        parsed.unsettled(left::add);
        assertThat(left).hasSizeLessThan(20).contains(kept);
    }

    /// What is parsed before an error has to be known: behind the error nobody can ask.
    @Test
    void givesWhatTheServerHasToldUntilSomethingElseIsSet() {
        var told = SessionSettings.EMPTY.withValue("TimeZone", "Europe/Paris");
        parsed.toldNow(told);
        var known = statement("known");
        parsed.add(known, true);
        assertThat(known.settings()).isEqualTo(told);
        assertThat(parsed.isAsked()).isTrue();

        parsed.lost();

        var unknown = statement("unknown");
        parsed.add(unknown, true);
        assertThat(unknown.settings()).isNull();
        assertThat(parsed.isAsked()).isFalse();
        assertThat(parsed.haveLocal()).isTrue();
    }

    /// A server that tells nothing is not asked for ever.
    @Test
    void knowsThatItHasAskedInVain() {
        parsed.toldNow(null);

        assertThat(parsed.isAsked()).isTrue();
    }

    /// What was told ends with the transaction.
    @Test
    void forgetsWithTheTransactionWhatItWasTold() {
        parsed.toldNow(SessionSettings.EMPTY);

        parsed.transactionOver();

        var unknown = statement("unknown");
        parsed.add(unknown, false);
        assertThat(unknown.settings()).isNull();
    }

    /// What the server tells behind a second change is not what held at the Parse.
    @Test
    void losesWhatWasParsedBeforeSomethingElseIsSet() {
        var statement = statement("parsed");
        parsed.add(statement, true);

        parsed.lost();
        parsed.toldNow(SessionSettings.EMPTY);

        assertThat(statement.settings()).isNull();
        var left = new ArrayList<ClientStatement>();
        parsed.unsettled(left::add);
        assertThat(left).containsExactly(statement);
    }
}
