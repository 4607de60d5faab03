package org.pgdrover.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The order in which a client is owed its answers. */
class OutstandingBatchesTest {
    private final OutstandingBatches batches = new OutstandingBatches();

    private static Batch whole() {
        var batch = new Batch();
        batch.completed();
        return batch;
    }

    @Test
    void isAnsweredInTheOrderOfSending() {
        var first = whole();
        var second = whole();
        var unfinished = new Batch();
        batches.send(first);
        batches.send(second);
        batches.send(unfinished);

        assertThat(batches.answering()).isSameAs(first);
        batches.end(first);
        assertThat(batches.answering()).isSameAs(second);
        batches.end(second);
        assertThat(batches.answering()).isSameAs(unfinished);
        assertThat(batches.isNoneSent()).isTrue();
    }

    @Test
    void takesBackWhatWasSentBeforeWhatWaits() {
        var first = whole();
        var second = whole();
        var unfinished = new Batch();
        var waiting = whole();
        batches.send(first);
        batches.send(second);
        batches.send(unfinished);
        batches.await(waiting);

        batches.takeBack();

        assertThat(batches.answering()).isNull();
        assertThat(batches.nextWaiting()).isSameAs(first);
        assertThat(batches.nextWaiting()).isSameAs(second);
        assertThat(batches.nextWaiting()).isSameAs(unfinished);
        assertThat(batches.nextWaiting()).isSameAs(waiting);
        assertThat(batches.isNoneWaiting()).isTrue();
    }

    @Test
    void goesOnWithABatchWhoseEndTheServerIgnored() {
        var copying = new Batch();
        batches.pass(copying);
        batches.passed(copying);
        assertThat(batches.passing()).isNull();

        batches.goesOn(copying);

        assertThat(batches.passing()).isSameAs(copying);
        assertThat(batches.isNoneSent()).isTrue();
    }
}
