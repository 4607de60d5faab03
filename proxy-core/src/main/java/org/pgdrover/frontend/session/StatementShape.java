package org.pgdrover.frontend.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The parameter types and the columns that a server gave a statement when it was parsed.
///
/// Two shapes are equal if a client that was told one of them reads rows of the other rightly: as in
/// PostgreSQL, names, types and type modifiers of the columns count, and the table that a column is from
/// does not.
public final class StatementShape {
    private final byte[] parameters;
    private final byte @Nullable [] columns;

    /// @param parameters body of the ParameterDescription
    /// @param columns body of the RowDescription; null if the statement gives no rows
    public StatementShape(byte[] parameters, byte @Nullable [] columns) {
        this.parameters = parameters;
        this.columns = columns == null ? null : withoutTables(columns);
    }

    private static byte[] withoutTables(byte[] columns) {
        var in = Unpooled.wrappedBuffer(columns);
        var out = Unpooled.buffer(columns.length);
        int count = in.readUnsignedShort();
        out.writeShort(count);
        for (int i = 0; i < count; i++) {
            copyString(in, out);
            in.skipBytes(6);
            out.writeBytes(in, 10);
            in.skipBytes(2);
        }
        var kept = new byte[out.readableBytes()];
        out.readBytes(kept);
        return kept;
    }

    private static void copyString(ByteBuf in, ByteBuf out) {
        int length = in.bytesBefore((byte) 0) + 1;
        out.writeBytes(in, length);
    }

    /// The end of a Parse that asks for the same parameter types again.
    public byte[] parameters() {
        return parameters;
    }

    /// How many parameters it has; -1 if no server has told.
    public int parameterCount() {
        return parameters.length < 2 ? -1 : (parameters[0] & 0xFF) << 8 | parameters[1] & 0xFF;
    }

    public boolean givesRows() {
        return columns != null;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StatementShape that
                && Arrays.equals(parameters, that.parameters)
                && Arrays.equals(columns, that.columns);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(parameters) + Arrays.hashCode(columns);
    }
}
