package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;

/// Gathers a client's bytes that pass to a server as they are.
final class PassingBytes {
    /// Bytes that stand together; none while the buffer is null.
    private @Nullable ByteBuf gathered;

    private int gatheredStart;
    private int gatheredEnd;

    /// Passes a message as it is, whose answer goes to the client.
    void pass(RequestKind kind, Note note, ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(kind, AnswerFate.FORWARD, lease, note);
        pass(buffer, start, end, lease.server());
    }

    /// Passes bytes as they are; borrowed.
    void pass(ByteBuf buffer, int start, int end, ServerConnection server) {
        if (gathered == buffer && gatheredEnd == start) {
            gatheredEnd = end;
            return;
        }
        finish(server);
        gathered = buffer;
        gatheredStart = start;
        gatheredEnd = end;
    }

    /// Sends what has been gathered.
    void finish(ServerConnection server) {
        if (gathered == null) return;
        server.write(gathered.retainedSlice(gatheredStart, gatheredEnd - gatheredStart));
        gathered = null;
    }

    /// Sends other bytes behind what has been gathered; takes ownership.
    void write(ByteBuf bytes, ServerConnection server) {
        finish(server);
        server.write(bytes);
    }

    /// Sends a message with another name in it: new header and name, and what follows as it is.
    ///
    /// @param name null if the one that stands there is right
    void named(
            ByteBuf buffer,
            int start,
            int nameStart,
            int nameEnd,
            int end,
            byte @Nullable [] name,
            ServerConnection server) {
        if (name == null) {
            pass(buffer, start, end, server);
            return;
        }
        var out = server.newBuffer(nameStart - start + name.length + Math.min(256, end - nameEnd));
        out.writeBytes(buffer, start, nameStart - start).writeBytes(name);
        out.setInt(1, buffer.getInt(start + 1) + name.length - (nameEnd - nameStart));
        if (end - nameEnd <= 256) {
            write(out.writeBytes(buffer, nameEnd, end - nameEnd), server);
            return;
        }
        write(out, server);
        pass(buffer, nameEnd, end, server);
    }
}
