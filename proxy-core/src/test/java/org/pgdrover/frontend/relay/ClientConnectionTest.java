package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClientConnectionTest {
    private static final long NOTHING_SCHEDULED = -1;

    private RelayRig rig;

    @BeforeEach
    void start() throws Exception {
        rig = new RelayRig();
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
    }

    /** In a storm of logins the event loop would keep every connection of the last half minute. */
    @Test
    void leavesNoTimerBehind() {
        var channel = new EmbeddedChannel(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(rig.onChannel(channel));
            }
        });
        assertThat(channel.runScheduledPendingTasks()).isPositive();

        channel.pipeline().fireChannelInactive();

        assertThat(channel.runScheduledPendingTasks()).isEqualTo(NOTHING_SCHEDULED);
        channel.finishAndReleaseAll();
    }
}
