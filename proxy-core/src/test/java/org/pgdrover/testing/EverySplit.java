package org.pgdrover.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Cuts the same bytes at every position, at every pair of near positions and into single bytes, as a
/// network may.
public final class EverySplit {
    private EverySplit() {}

    /// Hands the pieces of each way of cutting to the test, which owns them.
    public static void of(byte[] bytes, Consumer<List<ByteBuf>> test) {
        test.accept(pieces(bytes));
        for (int at = 1; at < bytes.length; at++) test.accept(pieces(bytes, at));
        for (int at = 1; at < bytes.length - 1; at++)
            for (int width = 1; width <= 7 && at + width < bytes.length; width++)
                test.accept(pieces(bytes, at, at + width));
        var all = new int[Math.max(0, bytes.length - 1)];
        for (int i = 0; i < all.length; i++) all[i] = i + 1;
        test.accept(pieces(bytes, all));
    }

    private static List<ByteBuf> pieces(byte[] bytes, int... cuts) {
        var pieces = new ArrayList<ByteBuf>();
        int from = 0;
        for (int cut : cuts) {
            pieces.add(piece(bytes, from, cut));
            from = cut;
        }
        pieces.add(piece(bytes, from, bytes.length));
        return pieces;
    }

    private static ByteBuf piece(byte[] bytes, int from, int to) {
        return ByteBufAllocator.DEFAULT.buffer(Math.max(1, to - from)).writeBytes(bytes, from, to - from);
    }
}
