package org.pgdrover.backend;

import io.netty.buffer.ByteBuf;

/// The note of a ledger entry that the proxy answers itself.
///
/// @param bytes what the owner gets when its turn comes; owned by the ledger until then
/// @param note what the owner gets back with it
public record FakeAnswer(ByteBuf bytes, Note note) implements Note {}
