package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The note of a ledger entry that the proxy answers itself.
 *
 * @param bytes what the client gets when its turn comes; owned by the ledger until then
 * @param note what the client's phase gets back if the answer is discarded instead
 */
public record FakeAnswer(ByteBuf bytes, @Nullable Object note) {}
