package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.PREPARED;
import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.flushed;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

/// Conversations in which SQL names or shows statements in the middle of something else.
final class OwnNamesConversations {
    private static final String DEALLOCATE = "SELECT f_deallocate()";
    private static final String TEXT = "SELECT id FROM t WHERE id = 1 FOR SHARE";

    private final Script script;

    OwnNamesConversations(Script script) {
        this.script = script;
    }

    void write() {
        ofOpenBatches();
        ofHiddenDeallocation();
        ofTheUnnamedStatement();
    }

    private void ofOpenBatches() {
        script.alone(
                "PREPARE behind Flush",
                flushed(flush()),
                ask(
                        parse("", "PREPARE p AS SELECT 1"),
                        bind("c1", ""),
                        execute("c1", 0),
                        bind("", "p"),
                        execute("", 0),
                        sync()),
                ask(run(PREPARED)));
        script.alone("EXECUTE behind Parse and Flush", flushed(parse("p", TEXT), flush()), pipeline("EXECUTE p"));
        script.alone("EXECUTE behind Parse without Flush", behind(parse("p", TEXT)), pipeline("EXECUTE p"));
        script.alone("DEALLOCATE behind Parse and Flush", flushed(parse("p", TEXT), flush()), pipeline("DEALLOCATE p"));
        script.alone(
                "pg_prepared_statements behind Parse and Flush",
                flushed(parse("p", TEXT), flush()),
                pipeline(PREPARED),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "pg_prepared_statements behind Parse and Flush in a transaction",
                ask(query("BEGIN")),
                flushed(parse("p", TEXT), bind("c1", "p"), flush()),
                ask(parse("", PREPARED), bind("", ""), execute("", 0), execute("c1", 0), sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "pg_prepared_statements behind an error and Flush",
                ask(parse("p", TEXT), sync()),
                flushed(bind("", "missing"), flush()),
                pipeline(PREPARED),
                pipeline(PREPARED));
        script.alone(
                "pg_prepared_statements behind an error without Flush",
                ask(parse("p", TEXT), sync()),
                behind(bind("", "missing")),
                pipeline(PREPARED),
                pipeline(PREPARED));
        script.alone(
                "EXECUTE behind COPY that waits for data",
                ask(parse("p", TEXT), sync()),
                behind(parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0)),
                pipeline("EXECUTE p"),
                ask(sync()));
    }

    private void ofHiddenDeallocation() {
        script.alone(
                "a function deallocates before pg_prepared_statements",
                ask(parse("s", TEXT), sync()),
                behind(query(DEALLOCATE)),
                ask(run(PREPARED)));
        script.alone(
                "a function deallocates before PREPARE",
                ask(parse("s", TEXT), sync()),
                ask(query(DEALLOCATE), query("PREPARE s AS SELECT 2"), query("EXECUTE s")));
        script.alone(
                "a function deallocates before Parse",
                ask(parse("s", TEXT), sync()),
                ask(query(DEALLOCATE), parse("s", "SELECT 2"), bind("", "s"), execute("", 0), sync()));
    }

    private void ofTheUnnamedStatement() {
        script.alone(
                "a statement with older settings beside the unnamed one",
                ask(parse("s1", "SELECT id FROM t WHERE id = $1"), sync()),
                ask(query("SET standard_conforming_strings = off")),
                ask(query("PREPARE x AS SELECT 1")),
                ask(query("DEALLOCATE x")),
                ask(parse("", "UPDATE t SET n = 1 WHERE id = 1"), sync()),
                ask(bind("", ""), parse("s1", "SELECT 2"), execute("", 0), sync()),
                ask(bind("", ""), execute("", 0), sync()));
    }
}
