package org.pgdrover.it.exactness;

import org.pgdrover.config.PoolMode;

/// Plays the conversations that once differed, in session mode.
class KnownConversationsInSessionModeTest extends KnownConversationsCases {
    KnownConversationsInSessionModeTest() {
        super(PoolMode.SESSION);
    }
}
