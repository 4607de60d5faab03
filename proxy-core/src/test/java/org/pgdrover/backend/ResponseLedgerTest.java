package org.pgdrover.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;

class ResponseLedgerTest {
    private final ResponseLedger ledger = new ResponseLedger();
    private final List<String> discarded = new ArrayList<>();
    /// What each of their owners could see then.
    private final List<Boolean> discarding = new ArrayList<>();

    /// A note that says its name.
    private record Name(Object name) implements Note {}

    private final AnswerOwner owner = new AnswerOwner() {
        @Override
        public void onBytes(ByteBuf bytes, boolean begun) {
            bytes.release();
        }

        @Override
        public boolean onError(Note note, ErrorFields error) {
            return true;
        }

        @Override
        public void onReady(TransactionStatus status, Note note) {}

        @Override
        public void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {
            discarded.add(kind + "=" + name(note));
            discarding.add(ledger.isDiscarding());
        }
    };

    private static @Nullable Object name(Note note) {
        return note instanceof Name(var name) ? name : null;
    }

    private void expect(RequestKind kind, @Nullable Object note) {
        ledger.expect(kind, AnswerFate.FORWARD, owner, note == null ? Note.NONE : new Name(note));
    }

    private @Nullable Object nextReady() {
        return name(ledger.readyNote());
    }

    private void extendedBatch(String name) {
        expect(RequestKind.PARSE, name + ".parse");
        expect(RequestKind.BIND, name + ".bind");
        expect(RequestKind.EXECUTE, name + ".execute");
        expect(RequestKind.SYNC, name);
    }

    private void answer(String types) {
        for (char type : types.toCharArray()) if (!ledger.isEmpty() && ledger.ends((byte) type)) ledger.take();
    }

    /// Only a Sync ends what such a Query has left open.
    @Test
    void isOpenBehindAQueryInTheTransactionOfABatchWithoutSync() {
        expect(RequestKind.QUERY, "earlier");
        expect(RequestKind.PARSE, null);
        expect(RequestKind.QUERY, "q");
        ledger.ready(false);
        answer("1C");
        ledger.ready(true);
        assertThat(ledger.isEmpty()).isTrue();
        assertThat(ledger.isOpen()).isTrue();

        expect(RequestKind.SYNC, "s");
        assertThat(ledger.isOpen()).isFalse();
    }

    /// No Sync ends a block.
    @Test
    void isNotOpenBehindAQueryInABlock() {
        expect(RequestKind.QUERY, "begin");
        ledger.pipelined().inBlock(true);
        answer("C");
        ledger.ready(true);
        expect(RequestKind.CLOSE, null);
        expect(RequestKind.QUERY, "q");
        answer("3C");
        ledger.ready(true);

        assertThat(ledger.isAtRest()).isTrue();
    }

    /// What was under way when the Query was sent has begun or ended a block.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isOpenBehindAQueryThatWasSentBehindTheEndOfABlock(boolean begun) {
        expect(RequestKind.QUERY, "begin");
        if (begun) beginBlock();
        expect(RequestKind.QUERY, "commit");
        expect(RequestKind.EXECUTE, "e");
        expect(RequestKind.QUERY, "q");
        if (!begun) beginBlock();
        answer("C");
        ledger.ready(false);
        answer("CC");
        ledger.ready(true);

        assertThat(ledger.isEmpty()).isTrue();
        assertThat(ledger.isOpen()).isTrue();
        assertThat(ledger.isSyncIdle()).isTrue();
    }

    /// A COMMIT of the batch itself has ended the block, and the Query was sent before the answer to that.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isOpenBehindAQueryWhereTheBatchHasEndedTheBlock(boolean answeredBefore) {
        expect(RequestKind.QUERY, "begin");
        beginBlock();
        assertThat(ledger.pipelined().hasLeft()).isFalse();
        expect(RequestKind.EXECUTE, "commit");
        if (answeredBefore) commitByExecute();
        expect(RequestKind.EXECUTE, "e");
        expect(RequestKind.QUERY, "q");
        if (!answeredBefore) commitByExecute();
        answer("CC");
        ledger.ready(true);

        assertThat(ledger.isEmpty()).isTrue();
        assertThat(ledger.isOpen()).isTrue();
        assertThat(ledger.isSyncIdle()).isTrue();
        assertThat(ledger.pipelined().hasLeft()).isTrue();
    }

    private void commitByExecute() {
        ledger.pipelined().inBlock(false);
        answer("C");
        assertThat(ledger.pipelined().hasLeft()).isFalse();
    }

    /// The next batch stands behind no block and behind no Query's transaction.
    @Test
    void isOnlyPreparedBehindAQueryThatHasEndedTheBlock() {
        expect(RequestKind.QUERY, "begin");
        beginBlock();
        expect(RequestKind.EXECUTE, "e");
        expect(RequestKind.QUERY, "commit");
        answer("C");
        ledger.pipelined().inBlock(false);
        answer("C");
        ledger.ready(false);
        expect(RequestKind.PARSE, null);

        assertThat(ledger.isOnlyPrepared()).isTrue();
    }

    @Test
    void isNotOpenBehindAQueryThatWasSentBeforeItsBlockHadBegun() {
        expect(RequestKind.QUERY, "begin");
        expect(RequestKind.QUERY, "middle");
        expect(RequestKind.EXECUTE, "e");
        expect(RequestKind.QUERY, "q");
        beginBlock();
        answer("C");
        ledger.ready(true);
        answer("CC");
        ledger.ready(true);

        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void isNotOnlyPreparedWhereSomethingWasExecutedBehindABlockThatHasEndedSince() {
        expect(RequestKind.QUERY, "begin");
        expect(RequestKind.QUERY, "commit");
        expect(RequestKind.EXECUTE, "e");
        beginBlock();
        answer("C");
        ledger.ready(false);

        assertThat(ledger.isOnlyPrepared()).isFalse();
    }

    @Test
    void isNotOpenBehindAQueryInABlockThatHadFailed() {
        expect(RequestKind.QUERY, "begin");
        beginBlock();
        expect(RequestKind.QUERY, "bad");
        ledger.failed(false);
        ledger.ready(true);
        expect(RequestKind.EXECUTE, "rollback to");
        expect(RequestKind.QUERY, "q");
        answer("CC");
        ledger.ready(true);

        assertThat(ledger.isAtRest()).isTrue();
    }

    private void beginBlock() {
        ledger.pipelined().inBlock(true);
        answer("C");
        ledger.ready(true);
    }

    @Test
    void isNotOpenBehindAQueryInABlockThatTheBatchHasBegun() {
        expect(RequestKind.EXECUTE, "begin");
        expect(RequestKind.QUERY, "q");
        answer("C");
        ledger.pipelined().inBlock(true);
        answer("C");
        ledger.ready(true);

        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void isNotOpenBehindAQueryThatHasEndedTheTransaction() {
        expect(RequestKind.PARSE, null);
        expect(RequestKind.QUERY, "q");
        expect(RequestKind.QUERY, "commit");
        answer("1C");
        ledger.ready(true);
        answer("C");
        ledger.ready(false);

        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void isAtRestOnlyWhenEveryBatchIsAnswered() {
        extendedBatch("a");
        expect(RequestKind.QUERY, "b");

        answer("12DC");
        assertThat(nextReady()).isEqualTo("a");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isFalse();
        answer("TDC");
        assertThat(nextReady()).isEqualTo("b");
        assertThat(ledger.ready(false)).isTrue();

        assertThat(ledger.isAtRest()).isTrue();
        assertThat(discarded).isEmpty();
    }

    @Test
    void isNotAtRestBetweenFlushAndSync() {
        expect(RequestKind.PARSE, null);
        answer("1");

        assertThat(ledger.isEmpty()).isTrue();
        assertThat(ledger.isAtRest()).isFalse();
        expect(RequestKind.SYNC, "s");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void discardsUpToSyncAfterAnErrorASimpleQueryAmongIt() {
        expect(RequestKind.PARSE, "bad");
        expect(RequestKind.QUERY, "q");
        expect(RequestKind.BIND, "bind");
        expect(RequestKind.SYNC, "s");
        expect(RequestKind.QUERY, "next");

        ledger.failed(false);

        assertThat(discarded).containsExactly("PARSE=bad", "QUERY=q", "BIND=bind");
        assertThat(nextReady()).isEqualTo("s");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(nextReady()).isEqualTo("next");
    }

    /// Neither the Query nor what stands behind it is answered: only Sync ends this.
    @Test
    void goesOnDiscardingBehindAQueryThatNoSyncHasPreceded() {
        expect(RequestKind.BIND, "bad");
        expect(RequestKind.QUERY, "q");

        ledger.failed(false);
        expect(RequestKind.QUERY, "next");

        assertThat(discarded).containsExactly("BIND=bad", "QUERY=q", "QUERY=next");
        assertThat(ledger.isAtRest()).isFalse();
        expect(RequestKind.SYNC, "s");
        assertThat(nextReady()).isEqualTo("s");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void mayDiscardWhatIsSentBehindAQueryAsLongAsNoSyncPrecedes() {
        expect(RequestKind.BIND, "b");
        expect(RequestKind.QUERY, "q");
        assertThat(ledger.isOpen()).isFalse();
        assertThat(ledger.mayDiscardNext()).isTrue();

        answer("2");
        assertThat(ledger.mayDiscardNext()).isFalse();
        extendedBatch("x");
        assertThat(ledger.mayDiscardNext()).isFalse();
    }

    /// An owner that goes on at once must know that what it sends will not be run.
    @Test
    void isDiscardingWhenTheOwnersHearOfIt() {
        expect(RequestKind.PARSE, "bad");
        expect(RequestKind.DESCRIBE, "behind");
        ledger.failed(false);
        assertThat(discarding).containsExactly(true, true);

        expect(RequestKind.SYNC, "s");
        ledger.ready(false);
        discarding.clear();
        extendedBatch("a");
        ledger.failed(false);
        assertThat(discarding).containsExactly(false, false, false);
    }

    @Test
    void discardsWhatIsSentAfterAnErrorUntilSyncComes() {
        expect(RequestKind.PARSE, "bad");
        ledger.failed(false);
        expect(RequestKind.BIND, "late");
        expect(RequestKind.QUERY, "too late");

        assertThat(discarded).containsExactly("PARSE=bad", "BIND=late", "QUERY=too late");
        assertThat(ledger.isAtRest()).isFalse();
        expect(RequestKind.SYNC, "s");
        assertThat(nextReady()).isEqualTo("s");
        ledger.ready(false);
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void keepsAFailedSimpleQueryUntilReady() {
        expect(RequestKind.QUERY, "q");
        ledger.failed(false);

        assertThat(ledger.isAtRest()).isFalse();
        assertThat(nextReady()).isEqualTo("q");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
        assertThat(discarded).isEmpty();
    }

    @Test
    void forgetsSyncsThatTheServerIgnoresWhileItTakesCopiedData() {
        expect(RequestKind.BIND, null);
        expect(RequestKind.EXECUTE, null);
        expect(RequestKind.SYNC, "ignored");
        answer("2");
        ledger.copyInStarted();

        assertThat(discarded).containsExactly("SYNC=ignored");
        assertThat(ledger.isCopyIn()).isTrue();
        expect(RequestKind.SYNC, "ignored too");
        expect(RequestKind.COPY_END, null);
        assertThat(ledger.isCopyIn()).isFalse();
        expect(RequestKind.SYNC, "real");
        answer("C");
        assertThat(nextReady()).isEqualTo("real");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void countsASyncThatWasSentAfterTheEndOfCopiedDataBeforeTheServerAskedForIt() {
        expect(RequestKind.EXECUTE, null);
        expect(RequestKind.COPY_END, null);
        expect(RequestKind.SYNC, "real");
        ledger.copyInStarted();

        assertThat(discarded).isEmpty();
        assertThat(ledger.isCopyIn()).isFalse();
        answer("C");
        assertThat(nextReady()).isEqualTo("real");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void knowsTheBatchThatStandsBehindCopiedDataBeforeTheServerAskedForThem() {
        expect(RequestKind.EXECUTE, null);
        expect(RequestKind.COPY_END, null);
        expect(RequestKind.SYNC, "real");
        expect(RequestKind.PARSE, null);
        expect(RequestKind.BIND, null);
        ledger.copyInStarted();

        assertThat(ledger.isOpen()).isTrue();
        answer("C");
        assertThat(ledger.ready(false)).isTrue();
        answer("1");
        answer("2");
        assertThat(ledger.isOpen()).isTrue();
    }

    @Test
    void knowsThatABatchGoesOnWhoseSyncTheServerIgnores() {
        expect(RequestKind.EXECUTE, null);
        expect(RequestKind.SYNC, "ignored");
        ledger.copyInStarted();

        expect(RequestKind.COPY_END, null);
        assertThat(ledger.isOpen()).isTrue();
        expect(RequestKind.SYNC, "real");
        assertThat(ledger.isOpen()).isFalse();
    }

    @Test
    void endsCopiedDataThatFailsInAnExtendedQueryAtTheNextSync() {
        expect(RequestKind.EXECUTE, "copy");
        expect(RequestKind.SYNC, "ignored");
        ledger.copyInStarted();
        ledger.failed(false);
        discarded.clear();

        expect(RequestKind.COPY_END, null);
        expect(RequestKind.SYNC, "real");
        assertThat(nextReady()).isEqualTo("real");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    /// The data has failed before the server reads the Sync.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsABatchAtASyncBehindCopiedDataThatFails(boolean sentBefore) {
        expect(RequestKind.EXECUTE, "copy");
        expect(RequestKind.SYNC, "ignored");
        if (!sentBefore) ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "first");
        expect(RequestKind.SYNC, "second");
        if (sentBefore) ledger.copyInStarted();
        assertThat(discarded).containsExactly("SYNC=ignored");
        expect(RequestKind.QUERY, "behind");

        ledger.failed(false);

        for (var each : List.of("first", "second", "behind")) {
            assertThat(nextReady()).isEqualTo(each);
            assertThat(ledger.ready(false)).isTrue();
        }
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void isAtRestBehindACopyThatFailsBeforeItsSync() {
        expect(RequestKind.EXECUTE, "copy");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "real");

        ledger.failed(false);

        assertThat(nextReady()).isEqualTo("real");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    /// More data follows, or the server was waiting for some when it was cancelled: it has read the Syncs.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ignoresASyncAmongCopiedData(boolean cancelled) {
        expect(RequestKind.EXECUTE, "copy");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "first");
        expect(RequestKind.SYNC, "second");
        assertThat(discarded).isEmpty();

        if (cancelled) ledger.failed(true);
        else ledger.copied();

        assertThat(discarded).contains("SYNC=first", "SYNC=second");
        expect(RequestKind.SYNC, "real");
        if (cancelled) assertThat(nextReady()).isEqualTo("real");
    }

    /// The data may have failed before the Sync, which the server answers then, or behind it.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void knowsNotWhatIsAnsweredBehindDataThatFails(boolean ended) {
        expect(RequestKind.QUERY, "copy");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "among");
        if (ended) expect(RequestKind.COPY_END, "done");
        else ledger.copied();

        assertThat(ledger.failed(false)).isFalse();
    }

    /// CopyFail is the first message behind the data that the server heeds.
    @Test
    void knowsWhatIsAnsweredIfTheServerWasWaiting() {
        expect(RequestKind.QUERY, "copy");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "among");
        expect(RequestKind.COPY_END, "fail");

        assertThat(ledger.failed(true)).isTrue();
        assertThat(discarded).containsExactly("SYNC=among");
    }

    /// A string goes on behind its COPY.
    @Test
    void confirmsThatASyncWasIgnoredBeforeTheStringIsOver() {
        expect(RequestKind.QUERY, "copy; then an error");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "among");
        expect(RequestKind.COPY_END, "done");
        ledger.completed();

        assertThat(ledger.failed(false)).isTrue();
    }

    @Test
    void confirmsThatASyncWasIgnored() {
        expect(RequestKind.QUERY, "copy");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.SYNC, "among");
        expect(RequestKind.COPY_END, "done");
        ledger.ready(false);

        expect(RequestKind.QUERY, "next");
        assertThat(ledger.failed(false)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesTheDataOfASecondCopyOfAString(boolean dataComesAtOnce) {
        expect(RequestKind.QUERY, "copies");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.COPY_END, "first");
        if (dataComesAtOnce) ledger.copied();
        ledger.copyInStarted();
        assertThat(ledger.isCopyIn()).isTrue();
        if (!dataComesAtOnce) {
            expect(RequestKind.SYNC, "among");
            assertThat(discarded).containsExactly("SYNC=among");
        }

        expect(RequestKind.COPY_END, "second");
        assertThat(nextReady()).isEqualTo("copies");
        assertThat(ledger.ready(false)).isTrue();
        assertThat(ledger.isAtRest()).isTrue();
    }

    @Test
    void ignoresASyncBehindTheFirstOfTwoCopies() {
        expect(RequestKind.QUERY, "copies");
        ledger.copyInStarted();
        ledger.copied();
        expect(RequestKind.COPY_END, "first");
        expect(RequestKind.SYNC, "between");
        ledger.copyInStarted();

        assertThat(discarded).containsExactly("SYNC=between");
        assertThat(ledger.isCopyIn()).isTrue();
    }

    @Test
    void saysWhoseTurnItIs() {
        ledger.expect(RequestKind.PARSE, AnswerFate.SKIP, owner, Note.NONE);
        ledger.expect(RequestKind.BIND, AnswerFate.FORWARD, owner, Note.NONE);
        ledger.expect(RequestKind.CLOSE, AnswerFate.FAKE, owner, new Name("fake"));

        assertThat(ledger.headFate()).isEqualTo(AnswerFate.SKIP);
        answer("1");
        assertThat(ledger.headFate()).isEqualTo(AnswerFate.FORWARD);
        assertThat(ledger.headOwner()).isSameAs(owner);
        answer("2");
        assertThat(ledger.isFakeNext()).isTrue();
        assertThat(name(ledger.headNote())).isEqualTo("fake");
    }

    @Test
    void givesNoAnswerToAnOwnerThatHasLeft() {
        extendedBatch("a");
        ledger.disown(owner);

        ledger.failed(false);

        assertThat(discarded).isEmpty();
        assertThat(ledger.readyFate()).isEqualTo(AnswerFate.SKIP);
        assertThat(ledger.readyOwner()).isNull();
    }

    @Test
    void keepsItsOrderWhenItGrows() {
        for (int i = 0; i < 10; i++) expect(RequestKind.QUERY, i);
        for (int i = 0; i < 10; i++) {
            assertThat(nextReady()).isEqualTo(i);
            ledger.ready(false);
        }
        for (int i = 0; i < 1000; i++) expect(i % 2 == 0 ? RequestKind.QUERY : RequestKind.SYNC, i);
        for (int i = 0; i < 1000; i++) {
            assertThat(nextReady()).isEqualTo(i);
            ledger.ready(false);
        }
        assertThat(ledger.isAtRest()).isTrue();
    }

    /// Parse, Describe and Close leave nothing that a Sync ends.
    @Test
    void knowsWhetherABatchHasBoundAnything() {
        assertThat(ledger.isOnlyPrepared()).isFalse();
        for (var kind : List.of(RequestKind.PARSE, RequestKind.DESCRIBE, RequestKind.CLOSE)) expect(kind, null);
        assertThat(ledger.isOnlyPrepared()).isTrue();
        expect(RequestKind.BIND, null);
        expect(RequestKind.CLOSE, null);
        assertThat(ledger.isOnlyPrepared()).isFalse();
        expect(RequestKind.SYNC, null);
        assertThat(ledger.isOnlyPrepared()).isFalse();
        expect(RequestKind.PARSE, null);
        assertThat(ledger.isOnlyPrepared()).isTrue();
        expect(RequestKind.QUERY, null);
        expect(RequestKind.PARSE, null);
        assertThat(ledger.isOnlyPrepared()).isFalse();
    }

    @Test
    void batchesInATransactionBlockAreNeverOnlyPrepared() {
        expect(RequestKind.QUERY, null);
        beginBlock();
        expect(RequestKind.PARSE, null);
        assertThat(ledger.isOnlyPrepared()).isFalse();
    }

    @Test
    void forgetsEverythingWhenTheConnectionIsLost() {
        extendedBatch("a");
        ledger.abandon();

        assertThat(discarded).isEmpty();
        assertThat(ledger.isAtRest()).isTrue();
    }
}
