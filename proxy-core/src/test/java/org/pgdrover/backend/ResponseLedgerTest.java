package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResponseLedgerTest {
    private final ResponseLedger ledger = new ResponseLedger();
    private final List<String> discarded = new ArrayList<>();
    private final ResponseLedger.DiscardedNotes notes = (kind, action, note) -> discarded.add(kind + "=" + note);

    private void expect(Expected kind, @Nullable Object note) {
        ledger.expect(kind, Action.FORWARD, note, notes);
    }

    private void extendedBatch(String name) {
        expect(Expected.PARSE, name + ".parse");
        expect(Expected.BIND, name + ".bind");
        expect(Expected.EXECUTE, name + ".execute");
        expect(Expected.SYNC, name);
    }

    private void answer(String types) {
        for (char type : types.toCharArray()) if (ledger.ends((byte) type)) ledger.take();
    }

    @Test
    void isAtRestOnlyWhenEveryBatchIsAnswered() {
        extendedBatch("a");
        expect(Expected.QUERY, "b");

        answer("12DC");
        assertThat(ledger.noteOfNextReady()).isEqualTo("a");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isFalse();
        answer("TDC");
        assertThat(ledger.noteOfNextReady()).isEqualTo("b");
        assertThat(ledger.ready(notes)).isTrue();

        assertThat(ledger.isAtRest()).isTrue();
        assertThat(discarded).isEmpty();
    }

    @Test
    void isNotAtRestBetweenFlushAndSync() {
        expect(Expected.PARSE, null);
        ledger.flushed();
        answer("1");

        assertThat(ledger.isEmpty()).isTrue();
        assertThat(ledger.isAtRest()).isFalse();
        expect(Expected.SYNC, "s");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void discardsUpToSyncAfterAnErrorASimpleQueryAmongIt() {
        expect(Expected.PARSE, "bad");
        expect(Expected.QUERY, "q");
        expect(Expected.BIND, "bind");
        expect(Expected.SYNC, "s");
        expect(Expected.QUERY, "next");

        ledger.failed(notes);

        assertThat(discarded).containsExactly("PARSE=bad", "QUERY=q", "BIND=bind");
        assertThat(ledger.noteOfNextReady()).isEqualTo("s");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.noteOfNextReady()).isEqualTo("next");
    }

    @Test
    void discardsWhatIsSentAfterAnErrorUntilSyncComes() {
        expect(Expected.PARSE, "bad");
        ledger.failed(notes);
        expect(Expected.BIND, "late");
        expect(Expected.QUERY, "too late");

        assertThat(discarded).containsExactly("PARSE=bad", "BIND=late", "QUERY=too late");
        assertThat(ledger.isAtRest()).isFalse();
        expect(Expected.SYNC, "s");
        assertThat(ledger.noteOfNextReady()).isEqualTo("s");
        ledger.ready(notes);
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void keepsAFailedSimpleQueryUntilReady() {
        expect(Expected.QUERY, "q");
        ledger.failed(notes);

        assertThat(ledger.isAtRest()).isFalse();
        assertThat(ledger.noteOfNextReady()).isEqualTo("q");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
        assertThat(discarded).isEmpty();
    }

    @Test
    void forgetsSyncsThatTheServerIgnoresWhileItTakesCopiedData() {
        expect(Expected.BIND, null);
        expect(Expected.EXECUTE, null);
        expect(Expected.SYNC, "ignored");
        answer("2");
        ledger.copyInStarted(notes);

        assertThat(discarded).containsExactly("SYNC=ignored");
        assertThat(ledger.takesSync()).isFalse();
        expect(Expected.SYNC, "ignored too");
        expect(Expected.COPY_END, null);
        assertThat(ledger.takesSync()).isTrue();
        expect(Expected.SYNC, "real");
        answer("C");
        assertThat(ledger.noteOfNextReady()).isEqualTo("real");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void countsASyncThatWasSentAfterTheEndOfCopiedDataBeforeTheServerAskedForIt() {
        expect(Expected.EXECUTE, null);
        expect(Expected.COPY_END, null);
        expect(Expected.SYNC, "real");
        ledger.copyInStarted(notes);

        assertThat(discarded).isEmpty();
        assertThat(ledger.takesSync()).isTrue();
        answer("C");
        assertThat(ledger.noteOfNextReady()).isEqualTo("real");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void endsCopiedDataThatFailsInAnExtendedQueryAtTheNextSync() {
        expect(Expected.EXECUTE, "copy");
        expect(Expected.SYNC, "ignored");
        ledger.copyInStarted(notes);
        ledger.failed(notes);
        discarded.clear();

        expect(Expected.COPY_END, null);
        expect(Expected.SYNC, "real");
        assertThat(ledger.noteOfNextReady()).isEqualTo("real");
        assertThat(ledger.ready(notes)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void saysWhoseTurnItIs() {
        ledger.expect(Expected.PARSE, Action.SKIP, null, notes);
        ledger.expect(Expected.BIND, Action.FORWARD, null, notes);
        ledger.expect(Expected.CLOSE, Action.FAKE, "fake", notes);

        assertThat(ledger.current()).isEqualTo(Action.SKIP);
        answer("1");
        assertThat(ledger.current()).isEqualTo(Action.FORWARD);
        answer("2");
        assertThat(ledger.isFakeNext()).isTrue();
        assertThat(ledger.take()).isEqualTo("fake");
    }

    @Test
    void keepsItsOrderWhenItGrows() {
        for (int i = 0; i < 10; i++) expect(Expected.QUERY, i);
        for (int i = 0; i < 10; i++) {
            assertThat(ledger.noteOfNextReady()).isEqualTo(i);
            ledger.ready(notes);
        }
        for (int i = 0; i < 1000; i++) expect(i % 2 == 0 ? Expected.QUERY : Expected.SYNC, i);
        for (int i = 0; i < 1000; i++) {
            assertThat(ledger.noteOfNextReady()).isEqualTo(i);
            ledger.ready(notes);
        }
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void givesEveryNoteBackWhenTheConnectionIsLost() {
        extendedBatch("a");
        ledger.abandon(notes);

        assertThat(discarded).containsExactly("PARSE=a.parse", "BIND=a.bind", "EXECUTE=a.execute", "SYNC=a");
        assertThat(ledger.isAtRest()).isTrue();
    }
}
