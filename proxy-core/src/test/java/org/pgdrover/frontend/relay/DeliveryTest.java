package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeliveryTest {
    /** The plan of the answered part is used again for a message that has nothing to do with the name. */
    @Test
    void findsNoNameOfAPartThatIsAnswered() {
        var delivery = new Delivery(Set.of());
        var name = new byte[] {'s'};
        var made = delivery.newPlan();
        made.makes = true;
        made.pending = true;
        delivery.names(name, made);
        assertThat(delivery.naming(Unpooled.wrappedBuffer(name), 0, 1)).isSameAs(made);

        made.pending = false;
        delivery.next(new Batch(), true);
        var next = delivery.newPlan();
        next.pending = true;

        assertThat(delivery.naming(Unpooled.wrappedBuffer(name), 0, 1)).isNull();
    }
}
