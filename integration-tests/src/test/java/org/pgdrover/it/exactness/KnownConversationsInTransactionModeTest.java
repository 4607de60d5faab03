package org.pgdrover.it.exactness;

import org.pgdrover.config.PoolMode;

/// Plays the conversations that once differed, in transaction mode.
class KnownConversationsInTransactionModeTest extends KnownConversationsCases {
    KnownConversationsInTransactionModeTest() {
        super(PoolMode.TRANSACTION);
    }
}
