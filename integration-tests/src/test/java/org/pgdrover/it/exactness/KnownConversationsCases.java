package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgdrover.config.PoolMode;

/// Plays the conversations that once differed, each on fresh server connections of a pool of one.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
abstract class KnownConversationsCases {
    private static final String SCHEMAS = "w1_";
    private static final int PATIENCE = 3_000;
    private static final int TURN = 3_000;

    private final PoolMode mode;
    private @Nullable Rig rig;
    private @Nullable Playground playground;

    KnownConversationsCases(PoolMode mode) {
        this.mode = mode;
    }

    @BeforeAll
    void start() throws Exception {
        rig = new Rig(
                Rig.Target.PROXY,
                mode,
                DifferentialFuzzer.pools(),
                primary -> Playground.prepare(primary, DifferentialFuzzer.schemas()));
        playground = new Playground(rig, "pool1", SCHEMAS, null);
    }

    @AfterAll
    void stop() throws Exception {
        if (playground != null) playground.close();
        if (rig != null) rig.close();
    }

    static Stream<Arguments> conversations() {
        return KnownConversations.all(SCHEMAS).stream().map(each -> argumentSet(each.name(), each));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void isThatOfPostgres(Scenario conversation) throws Exception {
        var ground = Objects.requireNonNull(playground);
        ground.purge();
        ground.reset(conversation);
        assertThat(ground.runner(PATIENCE, TURN).differences(conversation).stream()
                        .map(difference -> String.join("\n", difference.shown()))
                        .toList())
                .isEmpty();
    }
}
