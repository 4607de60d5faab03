package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// The order in which a client is owed its answers.
class DeliveriesTest {
    private static final QueryClass DEALLOCATE_ALL = new QueryClass(
            Access.SESSION,
            "DEALLOCATE",
            List.of(),
            List.of(),
            TransactionEffect.NONE,
            new SessionEffect.DeallocateAll(),
            "",
            List.of());

    private final Deliveries deliveries = new Deliveries();

    private static Delivery whole() {
        var delivery = new Delivery(java.util.Set::of);
        delivery.complete();
        return delivery;
    }

    @Test
    void isAnsweredInTheOrderOfSending() {
        var first = whole();
        var second = whole();
        var unfinished = new Delivery(java.util.Set::of);
        deliveries.sent(first);
        deliveries.sent(second);
        deliveries.sent(unfinished);

        assertThat(deliveries.answering()).isSameAs(first);
        deliveries.end(first);
        assertThat(deliveries.answering()).isSameAs(second);
        deliveries.end(second);
        assertThat(deliveries.answering()).isSameAs(unfinished);
        assertThat(deliveries.isNoneSent()).isTrue();
    }

    @Test
    void takesBackWhatWasSentBeforeWhatWaits() {
        var first = whole();
        var second = whole();
        var unfinished = new Delivery(java.util.Set::of);
        var waiting = whole();
        deliveries.sent(first);
        deliveries.sent(second);
        deliveries.sent(unfinished);
        deliveries.await(waiting);

        deliveries.takeBack();

        assertThat(deliveries.answering()).isNull();
        assertThat(deliveries.nextWaiting()).isSameAs(first);
        assertThat(deliveries.nextWaiting()).isSameAs(second);
        assertThat(deliveries.nextWaiting()).isSameAs(unfinished);
        assertThat(deliveries.nextWaiting()).isSameAs(waiting);
        assertThat(deliveries.isNoneWaiting()).isTrue();
    }

    @Test
    void goesOnWithABatchWhoseEndTheServerIgnored() {
        var copying = new Delivery(java.util.Set::of);
        deliveries.sent(copying);
        copying.complete();
        deliveries.sent(copying);
        assertThat(deliveries.open()).isNull();

        deliveries.goesOn(copying);

        assertThat(deliveries.open()).isSameAs(copying);
        assertThat(deliveries.isNoneSent()).isTrue();
    }

    @Test
    void goesOnWithWhatWaitsBehindTheEndThatTheServerIgnored() {
        var copying = whole();
        deliveries.sent(copying);
        var next = whole();
        var batch = new Batch();
        next.part = batch;
        deliveries.await(next);

        assertThat(deliveries.goesOn(copying)).isSameAs(next);

        assertThat(next.part).isNull();
        assertThat(copying.part).isSameAs(batch);
        assertThat(deliveries.nextWaiting()).isSameAs(copying);
        assertThat(deliveries.isNoneWaiting()).isTrue();
        assertThat(deliveries.open()).isSameAs(copying);
    }

    /// A batch whose end the server ignores goes on with that, and a batch that waits is none of it.
    @Test
    void goesOnWithWhatWasSentBehindIt() {
        var copying = whole();
        var next = whole();
        next.runs(QueryClass.UNKNOWN);
        var waiting = whole();
        deliveries.sent(copying);
        deliveries.sent(next);
        deliveries.await(waiting);

        assertThat(deliveries.goesOn(copying)).isNull();

        assertThat(deliveries.open()).isNull();
        assertThat(deliveries.answering()).isSameAs(next);
        assertThat(deliveries.nextWaiting()).isSameAs(waiting);
    }

    @Test
    void goesOnWithABatchBehindItThatOnlyParses() {
        var copying = whole();
        var parsing = whole();
        parsing.newPlan();
        parsing.newPlan();
        deliveries.sent(copying);
        deliveries.sent(parsing);

        deliveries.goesOn(copying);

        assertThat(deliveries.open()).isNull();
    }

    /// The server ignores both ends, for it copies.
    @Test
    void goesOnBehindASyncThatIsIgnoredToo() {
        var copying = whole();
        var behind = whole();
        deliveries.sent(copying);
        deliveries.sent(behind);

        deliveries.goesOn(copying);
        assertThat(deliveries.takeUnended(behind)).isSameAs(copying);
        deliveries.end(behind);
        deliveries.goesOn(copying);

        assertThat(deliveries.open()).isSameAs(copying);
        assertThat(deliveries.isNoneSent()).isTrue();
    }

    /// The server ignores the first end alone, for the copied data ends before the second.
    @Test
    void endsWithTheSyncThatWasSentBehindIt() {
        var copying = whole();
        var behind = whole();
        deliveries.sent(copying);
        deliveries.sent(behind);

        deliveries.goesOn(copying);

        assertThat(deliveries.open()).isNull();
        assertThat(deliveries.answering()).isSameAs(copying);
        assertThat(deliveries.takeUnended(behind)).isSameAs(copying);
        assertThat(deliveries.takeUnended(behind)).isNull();
    }

    /// The server is lost in between: one answer is owed.
    @Test
    void countsOnceWithTheSyncThatWasSentBehindIt() {
        var bytes = Unpooled.buffer(8).writeZero(5);
        var copying = whole();
        var behind = whole();
        behind.part = sync(bytes);
        deliveries.sent(copying);
        deliveries.sent(behind);

        deliveries.goesOn(copying);

        assertThat(deliveries.endNext()).isSameAs(copying);
        assertThat(deliveries.endNext()).isNull();
        assertThat(bytes.refCnt()).isOne();
        bytes.release();
    }

    @Test
    void waitsOnceMoreBeforeOthers() {
        var first = whole();
        var second = whole();
        deliveries.await(first);
        deliveries.await(second);

        deliveries.awaitFirst(Objects.requireNonNull(deliveries.nextWaiting()));

        assertThat(deliveries.nextWaiting()).isSameAs(first);
        assertThat(deliveries.nextWaiting()).isSameAs(second);
    }

    @Test
    void releasesThePartBeforeTheOneThatHasWaited() {
        var bytes = Unpooled.buffer(8).writeZero(5);
        var copying = whole();
        copying.part = sync(bytes);
        deliveries.sent(copying);
        var next = whole();
        next.part = new Batch();
        deliveries.await(next);

        deliveries.goesOn(copying);

        assertThat(bytes.refCnt()).isOne();
        bytes.release();
    }

    private static Batch sync(ByteBuf bytes) {
        var batch = new Batch();
        batch.append(MessageType.SYNC, bytes, 0, bytes.writerIndex(), false);
        return batch;
    }

    @Test
    void knowsThatNamesMayEndAsLongAsTheirDeallocationIsUnderWay() {
        var deallocating = whole();
        deallocating.executes(DEALLOCATE_ALL);
        assertThat(deliveries.mayDeallocate(whole())).isFalse();
        deliveries.sent(deallocating);
        assertThat(deliveries.mayDeallocate(whole())).isTrue();
        deliveries.end(deallocating);
        assertThat(deliveries.mayDeallocate(whole())).isFalse();
    }

    /// A batch comes in parts, and what deallocates is in a later one.
    @Test
    void knowsThatNamesMayEndAlsoByALaterPart() {
        var deallocating = new Delivery(java.util.Set::of);
        deliveries.sent(deallocating);
        deallocating.next(new Batch(), false);
        deallocating.executes(DEALLOCATE_ALL);
        deallocating.complete();
        deliveries.sent(deallocating);
        assertThat(deliveries.mayDeallocate(whole())).isTrue();
        deliveries.end(deallocating);
        assertThat(deliveries.mayDeallocate(whole())).isFalse();
    }
}
