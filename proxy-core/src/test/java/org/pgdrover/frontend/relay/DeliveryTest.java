package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

class DeliveryTest {
    /// Otherwise every transaction of reads would keep the session's next reads on the primary as a
    /// write does.
    @Test
    void writesNothingWithProvedReadsInATransaction() {
        var delivery = new Delivery(Set::of);
        delivery.runs(read());
        delivery.executes(read());
        delivery.reason = RoutingReason.IN_TRANSACTION;
        assertThat(delivery.mayWrite()).isTrue();

        delivery.read = true;

        assertThat(delivery.mayWrite()).isFalse();
        assertThat(delivery.recycle().read).isFalse();
    }

    private static QueryClass read() {
        return new QueryClass(
                Access.READ, "SELECT", List.of(), List.of(), TransactionEffect.NONE, SessionEffect.NONE, "", List.of());
    }

    /// The plan of the answered part is used again for a message that has nothing to do with the name.
    @Test
    void findsNoNameOfAPartThatIsAnswered() {
        var delivery = new Delivery(Set::of);
        var name = new byte[] {'s'};
        var made = delivery.newPlan();
        made.makes = true;
        made.pending = true;
        delivery.names.makes(name, made);
        assertThat(delivery.names.find(Unpooled.wrappedBuffer(name), 0, 1)).isSameAs(made);

        made.pending = false;
        delivery.next(new Batch(), true);
        var next = delivery.newPlan();
        next.pending = true;

        assertThat(delivery.names.find(Unpooled.wrappedBuffer(name), 0, 1)).isNull();
    }

    /// An Execute at a part's beginning runs what was bound before, whatever the rest of the part binds.
    @Test
    void forgetsWhatAPartBindsAndNamesWhenItIsJudgedAgain() {
        var delivery = new Delivery(Set::of);
        var name = Unpooled.wrappedBuffer(new byte[] {'s'});
        var made = delivery.newPlan();
        made.pending = true;
        delivery.names.makes(new byte[] {'s'}, made);
        delivery.names.binds("", read());
        delivery.names.binds("c", read());
        delivery.next(new Batch(), false);

        var makesAgain = delivery.newPlan();
        makesAgain.pending = true;
        delivery.names.makes(new byte[] {'s'}, makesAgain);
        delivery.names.binds("", QueryClass.UNKNOWN);
        delivery.names.binds("c", QueryClass.UNKNOWN);
        delivery.names.binds("d", QueryClass.UNKNOWN);
        delivery.judgeAgain();

        assertThat(delivery.names.bound("")).isEqualTo(read());
        assertThat(delivery.names.bound("c")).isEqualTo(read());
        assertThat(delivery.names.bound("d")).isNull();
        assertThat(delivery.names.find(name, 0, 1)).isSameAs(made);
    }

    /// It may wait for long, and is judged whenever something has come.
    @Test
    void hasTheStatementsOfALaterPartOnceHoweverOftenItIsJudged() {
        var delivery = new Delivery(Set::of);
        delivery.runs(read());
        delivery.next(new Batch(), false);
        for (int i = 0; i < 3; i++) {
            delivery.judgeAgain();
            delivery.runs(QueryClass.UNKNOWN);
            delivery.texts.add("unknown");
        }

        assertThat(delivery.statements.classes()).containsExactly(read(), QueryClass.UNKNOWN);
        assertThat(delivery.texts.all()).containsExactly("unknown");
    }
}
